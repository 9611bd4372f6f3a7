/** The API, there whatever fails of the rest: it never throws, and settles. */
import type { Stats, Telemetry } from './api.ts';
import { failed, guarded } from './guard.ts';

export interface Core extends Pick<Telemetry, 'track' | 'identify' | 'consent'> {
  /** Takes consent back. `done`: when all that is unsent is deleted, of other tabs too. */
  forget(done: () => void): void;
  /** `done`: when everything captured so far is answered for good; at once when consent is denied. */
  flush(done: () => void): void;
  stats(): Stats;
  /** Nothing, while there is no recording. */
  keepReplay(): void;
}

/** The platform's own, which an async function gives whatever the page, or zone.js, made of `Promise`. */
const PlatformPromise = (async () => {})().constructor as PromiseConstructor;

/** Settles when `run` calls what it is given, or fails. */
function settled(run: (done: () => void) => void): Promise<void> {
  return new PlatformPromise((done) => {
    try {
      run(done);
    } catch {
      failed();
      done();
    }
  });
}

export function guardedApi(core: Core): Telemetry {
  return {
    track: (name, properties) => guarded(() => core.track(name, properties)),
    identify: (userId) => guarded(() => core.identify(userId)),
    consent: (state) => guarded(() => core.consent(state)),
    keepReplay: () => guarded(core.keepReplay),
    forget: () => settled(core.forget),
    flush: () => settled(core.flush),
    stats: async () => guarded(core.stats) ?? ({ captured: {} } as Stats),
  };
}
