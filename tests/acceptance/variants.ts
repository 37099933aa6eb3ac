import type { Figure } from '../../src/catalogue/figure.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { DisaggregatedDeployment, Scenario } from '../../src/serving/scenario.ts';

function times(figure: Figure, factor: number): Figure {
  return { ...figure, value: figure.value * factor };
}

/** The scenario on a machine whose plane has `factor` times the bandwidth: ports, CPU ports and measured paths. */
export function planeTimes(scenario: Scenario, name: string, factor: number): Scenario {
  const { machine } = scenario;
  const planes = machine.planes.map((plane) =>
    plane.name === name
      ? {
          ...plane,
          port: { ...plane.port, bandwidth: times(plane.port.bandwidth, factor) },
          cpuPort: plane.cpuPort === undefined ? undefined : times(plane.cpuPort, factor),
          paths: plane.paths.map((path) => ({ ...path, bandwidth: times(path.bandwidth, factor) })),
        }
      : plane,
  );
  return { ...scenario, machine: { ...machine, planes } satisfies Machine };
}

/** The scenario with more memory bandwidth or capacity on every die. */
export function memoryTimes(scenario: Scenario, factor: { readonly bandwidth?: number; readonly capacity?: number }): Scenario {
  const { machine } = scenario;
  const { memory } = machine.chip.die;
  const die = {
    ...machine.chip.die,
    memory: { bandwidth: times(memory.bandwidth, factor.bandwidth ?? 1), capacity: times(memory.capacity, factor.capacity ?? 1) },
  };
  return { ...scenario, machine: { ...machine, chip: { ...machine.chip, die } } };
}

/** The scenario with other pools, on a machine of as many nodes as they take. */
export function poolsOf(
  scenario: Scenario,
  change: { readonly prefill?: Partial<DisaggregatedDeployment['prefill']>; readonly decode?: Partial<DisaggregatedDeployment['decode']> },
): Scenario {
  const { deployment, machine } = scenario;
  if (deployment.kind !== 'disaggregated') throw new Error('expected prefill and decode pools');
  const pools = { prefill: { ...deployment.prefill, ...change.prefill }, decode: { ...deployment.decode, ...change.decode } };
  const dies = [pools.prefill, pools.decode].reduce((sum, { instances, layout }) => sum + instances * layout.dies, 0);
  const nodes = Math.max(machine.nodes, Math.ceil(dies / (machine.node.chips * machine.chip.dies)));
  return { ...scenario, machine: { ...machine, nodes }, deployment: { ...deployment, ...pools } };
}

/** The scenario with equal requests: Poisson arrivals at a rate, or a closed loop of so many requests. */
export function equalRequests(
  scenario: Scenario,
  traffic: { readonly rate: number } | { readonly concurrency: number },
  tokens: { readonly input: number; readonly output: number },
  requests: number,
): Scenario {
  return {
    ...scenario,
    workload: {
      kind: 'generator',
      name: 'equal requests',
      arrivals: 'rate' in traffic ? { kind: 'poisson', rate: traffic.rate } : { kind: 'closed', concurrency: traffic.concurrency },
      input: { kind: 'fixed', tokens: tokens.input },
      output: { kind: 'fixed', tokens: tokens.output },
      requests,
      seed: 1,
    },
  };
}
