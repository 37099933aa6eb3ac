import type { Generator } from '../api/generator.ts';

/** How the emulator stands: time, lag, requests, instances. */
export function stateOf({ engine, sleep, closing }: Generator): object {
  const { simulation, pace, lag, run } = engine;
  engine.catchUp();
  const { arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
  return {
    time: { simulated: simulation.now, wall: pace.now, speed: pace.speed },
    lag: lag.report(),
    requests: { arrived, finished, rejected, failed, waiting, running, ofClients: engine.inFlight },
    sleep: sleep.stateOf(undefined),
    closing,
    pools: simulation.pools.map(({ plant, instances }) => ({
      name: plant.name,
      instances: instances.map((instance) => {
        const blocks = instance.ranks.reduce((sum, { usedBlocks }) => sum + usedBlocks, 0);
        return {
          number: instance.index,
          state: instance.state,
          stuck: instance.stuck,
          running: instance.ranks.reduce((sum, { sequences }) => sum + sequences, 0),
          waiting: instance.ranks.reduce((sum, { load, sequences }) => sum + load - sequences, 0),
          kv: blocks / (plant.kvBlocks * plant.ranks),
        };
      }),
    })),
    faults: run.faults,
  };
}
