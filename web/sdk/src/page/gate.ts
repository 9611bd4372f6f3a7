/** Whether to take something now: consent, the page's life, and what may wait while consent is pending. */
import { PENDING_EVENTS_MAX, PENDING_SAMPLES_MAX } from '../shared/limits.ts';
import type { Consent } from './api.ts';

export interface Gate {
  consent: Consent;
  /** The page has ended, for now. */
  ended: boolean;
  /** How many events and samples were refused since consent was asked for. */
  missed: number;
  /** `events` and `samples`: of the document so far. Consent can only be pending from the start, so they are what waits. */
  opens(events: number, samples: number): boolean;
}

export function createGate(consent: Consent): Gate {
  return {
    consent,
    ended: false,
    missed: 0,
    opens(events, samples) {
      if (this.ended || this.consent === 'denied') return false;
      if (this.consent === 'granted' || (events < PENDING_EVENTS_MAX && samples < PENDING_SAMPLES_MAX)) return true;
      this.missed++;
      return false;
    },
  };
}
