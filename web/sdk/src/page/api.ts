/** What the page's own code may call. It is there whatever fails of the rest, and never throws. */
import { guarded } from './guard.ts';
import type { Consent } from './settings.ts';

export interface Stats {
  /** Events captured by this document, per type. */
  captured: Record<string, number>;
  pointer_samples: number;
  /** Of the captured ones: answered 200, dropped for good, and neither yet. */
  acknowledged: number;
  dropped: number;
  pending: number;
  tab_id: string;
  visitor_id: string;
}

export interface Telemetry {
  /** Records a custom event. Properties that are too large are left out; elements and the like are told by their kind. */
  track(name: string, properties?: object): void;
  /** Ties what follows to a logged-in user; null ends it. */
  identify(userId: string | null): void;
  /** Anything but `granted` and `pending` denies: then all that is unsent, and the visitor's cookie, are deleted. */
  consent(state: Consent): void;
  /** As `consent('denied')`. Settles when everything is deleted, in other tabs too; a later visit is somebody else's. */
  forget(): Promise<void>;
  /** Settles when everything captured so far has been answered for good. */
  flush(): Promise<void>;
  stats(): Promise<Stats>;
}

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
