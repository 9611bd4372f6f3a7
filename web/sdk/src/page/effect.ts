/** What may follow on an act, and who is told of it. */
import type * as WORDS from '../shared/words.ts';

export type EffectKind = (typeof WORDS.effect)[number];

export interface Effects {
  /** The event of this `seq` may have an effect from now on; −1: one that is not told, and ends the wait of the one before. */
  arm(seq: number, event: Event, target: Element | null): void;
  /** Something happened that may be an effect, to `what`. */
  saw(kind: EffectKind, what?: unknown): void;
}
