/** Messages between page and worker. */
import type { ClockEstimate } from './batch.ts';
import type { Chunk, Header, Written } from './chunk.ts';

/** Begins the names of what pages leave in `localStorage` as they end. */
export const TAIL = 'ct-tail:';

/** Page to worker. */
export type Order =
  | Start
  /** What was noted so far of the batch that is under way. `base`: the page's address. */
  | { kind: 'part'; chunk: Chunk; base: string }
  /** The rest of a batch. */
  | { kind: 'batch'; header: Header; chunk: Chunk }
  | { kind: 'adopt'; name: string; text: string }
  | { kind: 'flush'; id: number }
  /**
   * There may be a recording: `ports` has the one that `replay_messages.ts` speaks of. The worker asks there who
   * the visitor is, and says whether there is one.
   */
  | ReplayOrder
  /** The page is left, or frozen. Any later batch says that it is back. */
  | { kind: 'pause' }
  /** Consent is refused or taken back: everything of this device goes. */
  | { kind: 'forget' };

export interface Start {
  kind: 'start';
  /** Where batches go, with the key. */
  address: string;
  key: string;
  /** Address of telemetry.worker.js. */
  worker: string;
  tab_id: string;
  memoryOnly: boolean;
  /** Address of the site's own filter, where it has one. */
  hooks: string | undefined;
  /** Names of query parameters whose values may be kept, separated by commas. */
  data: string | undefined;
}

/** Beside what `Start` has said. */
export interface ReplayOrder {
  kind: 'replay';
  /** Transferred. */
  ports: [MessagePort];
  /** What the page's addresses are relative to, and that of telemetry.worker.js. */
  base: string;
  /** Address of telemetry.replay.worker.js; default: beside the worker. */
  script: string | undefined;
  /** The collector's address. */
  endpoint: string | undefined;
  /** Where the collector takes frames, if not where it does by default. */
  path: string | undefined;
  /** `friction`; anything else is `always`. */
  mode: string | undefined;
  /** Share of the visitors that is recorded, 0 to 1; default: all. */
  sample: string | undefined;
  /** Which images are kept beside a recording: `none`; anything else is `same-origin`. */
  images: string | undefined;
}

/** In the worker: with what it was begun with. */
export type RecordingOrder = Omit<Start, 'kind'> & ReplayOrder;

/** Worker to page. */
export type Report =
  /** The first time that it is asked for, the time zone costs more than all else of a page's end: the page has it from here. */
  | { kind: 'ready'; timezone: string }
  /** The first part that was not reported yet, as it will be sent; without a text when it cannot be. */
  | { kind: 'written'; written: Written }
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
  | { kind: 'flushed'; id: number }
  /** Events that left the outbox unsent, of this page or of earlier ones. */
  | { kind: 'lost'; events: number }
  /** Everything is gone, by order, or because another tab was ordered to. */
  | { kind: 'forgotten' };

/** The databases of unsent batches and frames, and the channel on which tabs tell each other to forget. */
export const OUTBOX = 'ct-outbox';
export const FRAMES = 'ct-frames';
export const FORGET_CHANNEL = 'ct-forget';
