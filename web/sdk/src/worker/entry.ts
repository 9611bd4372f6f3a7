/** A batch that is not answered yet. */
import { OUTBOX_AGE_MS_MAX, OUTBOX_BATCHES_MAX, OUTBOX_BYTES_MAX } from '../shared/limits.ts';

/** [tab_id, batch_seq]: storing a batch twice is storing it once. */
export type Key = [tab_id: string, batch_seq: number];

export interface Entry {
  tab_id: string;
  batch_seq: number;
  /** Client clock, epoch ms. */
  created_at: number;
  events: number;
  /** JSON of the batch without `sent_at` and `clock`, which describe the attempt. */
  rest: string;
}

export const keyOf = ({ tab_id, batch_seq }: Entry): Key => [tab_id, batch_seq];

/** What an outbox holds at most. */
export interface Limits {
  bytes: number;
  batches: number;
  ageMs: number;
}

export const LIMITS: Limits = { bytes: OUTBOX_BYTES_MAX, batches: OUTBOX_BATCHES_MAX, ageMs: OUTBOX_AGE_MS_MAX };
