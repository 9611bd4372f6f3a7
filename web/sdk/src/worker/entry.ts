/** What is not answered yet: batches, and frames of recordings, which have an outbox of their own. */
import { OUTBOX_AGE_MS_MAX, OUTBOX_BATCHES_MAX, OUTBOX_BYTES_MAX } from '../shared/limits.ts';

/** [tab_id, batch_seq]: storing a batch twice is storing it once. */
export type Key = [tab_id: string, batch_seq: number];

export interface Kept {
  tab_id: string;
  batch_seq: number;
  /** Client clock, epoch ms. */
  created_at: number;
  /** What is sent; its length counts. */
  rest: string | Uint8Array;
}

/** A batch. */
export interface Entry extends Kept {
  events: number;
  /** JSON of the batch without `sent_at` and `clock`, which describe the attempt. */
  rest: string;
}

export const keyOf = ({ tab_id, batch_seq }: Kept): Key => [tab_id, batch_seq];

/** What an outbox holds at most. */
export interface Limits {
  bytes: number;
  batches: number;
  ageMs: number;
}

export const LIMITS: Limits = { bytes: OUTBOX_BYTES_MAX, batches: OUTBOX_BATCHES_MAX, ageMs: OUTBOX_AGE_MS_MAX };
