/** What makes batches of its own, and which a script may do in a loop. */
import { BATCH_EVERY_MS, BATCHES_AT_ONCE_MAX } from '../shared/limits.ts';
import { guarded } from './guard.ts';
import { later, now } from './natives.ts';

/** Runs `run` now or, when too many came before, a while later; of those that wait by the same `kind` the last. */
export type Pace = (kind: unknown, run: () => void) => void;

/** `drain` runs all that waits. `slowed`: of a kind that has a name, not all will run. */
export function createPace(slowed: (kind: string) => void): { paced: Pace; drain: () => void } {
  /** When there is room again for as many as may come at once. */
  let restedAt = 0;
  let timer = 0;
  let waiting: [kind: unknown, run: () => void][] = [];
  const drain = () => {
    const runs = waiting;
    waiting = [];
    timer = 0;
    for (const [, run] of runs) guarded(run);
  };
  return {
    drain,
    paced(kind, run) {
      const at = now();
      if (!timer && restedAt - at < BATCHES_AT_ONCE_MAX * BATCH_EVERY_MS) {
        restedAt = Math.max(restedAt, at) + BATCH_EVERY_MS;
        return run();
      }
      timer ||= later(drain, BATCH_EVERY_MS);
      if (typeof kind === 'string') {
        const same = waiting.find(([other]) => other === kind);
        if (same) {
          same[1] = run;
          return;
        }
        slowed(kind);
      }
      waiting.push([kind, run]);
    },
  };
}
