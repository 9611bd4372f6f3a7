/**
 * Messages of a recording, between the page's recorder and the worker. They have a `MessagePort` of their own, whose other end
 * the worker gets with the order `replay`: what a recording says never waits behind events, and telemetry.js knows nothing of it.
 *
 * The late part (`page/late/replay.ts`) makes the port, tells of page views and of their ends, and counts; the recorder
 * (`page/replay/`) sees and posts: `record(tracker, post)` gives a `Recorder`.
 */

/** What a page view's frames say of whose they are. */
export interface Viewed {
  visitor_id: string;
  tab_id: string;
  page_view_id: string;
  /** What the page's addresses are relative to, unscrubbed: nothing of it is sent. */
  url: string;
  viewport: [width: number, height: number];
}

/** One turn of the recorder. */
export interface Turn {
  /** Where its numbers end; they begin where those of the turn before do. */
  end: number;
  text: string;
  /** Epoch ms, `performance.timeOrigin + performance.now()`. */
  at: number;
  /** The tracker's newest `seq`; −1 before there is one. */
  q: number;
}

/** What the recorder saw in one turn, for the encoder. */
export interface Rows extends Omit<Turn, 'end'> {
  numbers: Int32Array;
}

/** Why there is no recording, or none any more. */
export type NoReplay = 'sampled_out' | 'off' | 'gpc' | 'consent' | 'too_large' | 'unsupported' | 'error';

/** The worker asks, as soon as there is consent, who the visitor is; the page's answer. */
export interface AboutVisitor {
  replay: 'visitor';
  visitor_id?: string;
}

/** One turn after the other, and the numbers of all, which are transferred: one list for each turn would cost the page more. */
export interface Turns {
  replay: 'rows';
  numbers: Int32Array;
  turns: Turn[];
}

/** Page to worker. */
export type ToReplay =
  /** A page view begins: what comes next is its own, a snapshot first. */
  | ({ replay: 'page_view' } & Viewed)
  | Turns
  /** The page is hidden: nobody knows whether it comes back. */
  | { replay: 'hidden' }
  /** The page view ends. `ends`: the page too, perhaps. `chunks`: how many it said that there are. */
  | { replay: 'left'; ends: boolean; chunks: number }
  /** The recorder stops for good, or for this page view (`too_large`). */
  | { replay: 'stopped'; reason: NoReplay }
  /** Something went wrong for the visitor: what is kept is sent, and what follows (mode `friction`). */
  | { replay: 'keep' };

/** Worker to page. */
export type FromReplay =
  /** Take a new snapshot. The first one says that the visitor is recorded: the page view is told before. */
  | { replay: 'snapshot' }
  /** Stop for good: nothing more is taken. `reason`: why there is nothing at all. */
  | { replay: 'stop'; reason?: NoReplay }
  /**
   * Chunks of the page view so far. The first `rows` messages of rows are in them, or were left out; a further one makes one chunk
   * more at the end. Infinity: none does, until this is told anew.
   */
  | { replay: 'chunks'; chunks: number; rows: number }
  /** The text of a style sheet cannot be had, or is not what the browser has: tell its rules. `of`: the number of its element. */
  | { replay: 'rules'; of: number }
  /** Something is recorded worse than it should be, for an event `capture_degraded`. */
  | { replay: 'degraded'; what: string };

/** What the recorder's module gives to whoever started it. */
export interface Recorder {
  /** Posts what was seen so far, now. */
  flush(): void;
  /** Takes a snapshot, of all nodes anew. */
  snapshot(): void;
  /** Tells the style sheet of an element, by its number, rule by rule. */
  rules(of: number): void;
  /** Takes no more, and lets go of what it watches. */
  stop(): void;
}

/** What each of the turns saw; the numbers are shared, not copied. */
export function rowsOfTurns({ numbers, turns }: Turns): Rows[] {
  let from = 0;
  return turns.map(({ end, ...turn }) => {
    const own = numbers.subarray(from, end);
    from = end;
    return { ...turn, numbers: own };
  });
}
