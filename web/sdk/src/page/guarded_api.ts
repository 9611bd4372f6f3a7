/** The API, there whatever fails of the rest: it never throws, and settles. */
import type { Stats, Telemetry } from './api.ts';
import { guarded } from './guard.ts';

declare global {
  interface Window {
    /** Where the page has something of its own by this name, that stays. */
    telemetry?: Telemetry;
    customerTelemetry?: Telemetry;
  }
}

type Core = Pick<Telemetry, 'track' | 'identify' | 'consent' | 'forget' | 'flush'> & { stats(): Stats };

/** `core`: undefined where there is none. */
export function guardedApi(core: Core | undefined): Telemetry {
  return {
    track: (name, properties) => guarded(() => core?.track(name, properties)),
    identify: (userId) => guarded(() => core?.identify(userId)),
    consent: (state) => guarded(() => core?.consent(state)),
    forget: async () => guarded(() => core?.forget()),
    flush: async () => guarded(() => core?.flush()),
    stats: async () => guarded(() => core?.stats()) ?? ({ captured: {} } as Stats),
  };
}
