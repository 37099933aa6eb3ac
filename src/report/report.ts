import type { Report, Section } from './block.ts';
import { timeSection } from './breakdown.ts';
import { latencySection } from './latencies.ts';
import { balanceSection } from './balance.ts';
import { faultSection } from './faults.ts';
import { fleetSection } from './fleet.ts';
import { factsOf, headlinesOf, verdictOf } from './overview.ts';
import { powerSection } from './power.ts';
import { adapterSection } from './adapters.ts';
import { seedsSection } from './seeds.ts';
import { speculationSection } from './speculation.ts';
import type { Summary } from './summary.ts';
import { tenantSection } from './tenants.ts';
import { timelineSection } from './timeline.ts';
import { doubtSection, reproduceLine, windowSection } from './trust.ts';
import { cacheSection, memorySection, utilisationSection } from './usage.ts';

/** The report of one run, for any medium. */
export function reportOf(summary: Summary): Report {
  const sections: readonly (Section | undefined)[] =
    summary.trust === undefined
      ? [seedsSection(summary), latencySection(summary), tenantSection(summary), timelineSection(summary), windowSection(summary)]
      : [
          seedsSection(summary),
          latencySection(summary),
          tenantSection(summary),
          timelineSection(summary),
          faultSection(summary),
          fleetSection(summary),
          balanceSection(summary),
          utilisationSection(summary),
          timeSection(summary),
          speculationSection(summary),
          adapterSection(summary),
          cacheSection(summary),
          memorySection(summary),
          powerSection(summary),
          windowSection(summary),
          doubtSection(summary),
        ];
  return {
    title: summary.scenario,
    subtitle: `${[summary.model, ...(summary.others ?? [])].map(({ name }) => name).join(', ')} on ${summary.machine.title}`,
    verdict: verdictOf(summary),
    facts: factsOf(summary),
    headlines: headlinesOf(summary),
    sections: sections.filter((section) => section !== undefined && section.blocks.length > 0) as readonly Section[],
    reproduce: [reproduceLine(summary)],
  };
}
