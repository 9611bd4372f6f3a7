/** Whether to take something now: consent, the page's life, and what may wait while consent is pending. */
import { PENDING_EVENTS_MAX, PENDING_SAMPLES_MAX } from '../shared/limits.ts';
import type { Consent } from './api.ts';

interface State {
  consent: Consent;
  /** The page has gone, for now. */
  gone: boolean;
}

export interface Gate extends Readonly<State> {
  /** Whether everything is taken. Else `opens` says what is. */
  readonly takesAll: boolean;
  /** How many events and samples were refused since consent was asked for. */
  readonly missed: number;
  turnTo(to: Partial<State>): void;
  /** While not all is. `events` and `samples`: of the document so far. Consent can only be pending from the start, so they are what waits. */
  opens(events: number, samples: number): boolean;
}

export function createGate(consent: Consent): Gate {
  const gate = {
    consent,
    gone: false,
    takesAll: consent === 'granted',
    missed: 0,
    turnTo(to: Partial<State>) {
      Object.assign(gate, to);
      gate.takesAll = gate.consent === 'granted' && !gate.gone;
    },
    opens(events: number, samples: number) {
      if (gate.gone || gate.consent === 'denied') return false;
      if (events < PENDING_EVENTS_MAX && samples < PENDING_SAMPLES_MAX) return true;
      gate.missed++;
      return false;
    },
  };
  return gate;
}
