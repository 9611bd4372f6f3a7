/** Messages between page and worker. */
import type { ClockEstimate } from './batch.ts';
import type { Chunk, Header } from './chunk.ts';

/** Page to worker. */
export type Order =
  | { kind: 'start'; endpoint: string; key: string; tab_id: string; memory_only: boolean; allow_query: string }
  | { kind: 'batch'; header: Header; chunk: Chunk }
  | { kind: 'adopt'; name: string; text: string }
  | { kind: 'flush'; id: number }
  /** The page is left, or frozen. Any later batch says that it is back. */
  | { kind: 'pause' }
  | { kind: 'stop' };

/** Worker to page. */
export type Report =
  | { kind: 'ready' }
  /** Stored where it survives the page: the page need not beacon it any more. */
  | { kind: 'kept'; batch_seq: number }
  /** Answered for good. `clock` is the estimate after it. */
  | {
      kind: 'settled';
      batch_seq: number;
      acknowledged: number;
      dropped: number;
      clock: ClockEstimate | null;
    }
  | { kind: 'adopted'; name: string }
  | { kind: 'flushed'; id: number };
