/**
 * What telemetry.late.js brings, as soon as it is there: whatever reads the page's texts, and writes batches on the page. Until
 * then elements wait to be described, and no value is told.
 */
import type { ClockEstimate } from '../shared/batch.ts';
import type { Chunk, DetailsOf, Header, RawElement, Written } from '../shared/chunk.ts';
import type { Post, Receive } from './attempt.ts';
import { guarded } from './guard.ts';
import type { On } from './listeners.ts';
import type { Settings } from './settings.ts';

/** What a page that ends has written. */
export interface Words {
  /** JSON of the whole batch. */
  text: string;
  /** Bytes that further beacons may take. */
  room: number;
}

export interface Tools {
  describe(element: Element): RawElement;
  /** The value of a field, or the label of what was chosen in it, if it may be told for its purpose. */
  valueToTell(field: Element): Required<Pick<DetailsOf['input'], 'value' | 'purpose'>> | undefined;
  labelToTell(field: Element): DetailsOf['change'] | undefined;
  /** What a person typed into: fields, editors and what stands in them. */
  edited: WeakSet<Node>;
  /** Learns from `beforeinput` and `input` where a person types, and says it: from the innermost up to `editor`, the target. */
  learnEdited(event: Event, at: number, editor: Element | null): Node[];
  /** UTF-16 units of the text in a node, or of a range in it, as far as they are counted. */
  unitsIn(root: Node, range?: Range): number;
  /** As `JSON.stringify`, whatever `toJSON` the page gave to everything. */
  toJson(value: unknown): string;
  /** `room`: bytes that beacons may take. What does not fit is not sent. */
  lastWords(
    address: string,
    header: Header,
    parts: (Chunk | Written)[],
    sentAt: number,
    clock: ClockEstimate | null,
    room: number,
  ): Words;
  /** Calls `went` when the address may have changed, and once for what did before this part was there. */
  watchHistory(on: On, went: (back: boolean) => void): void;
  /** `ingest`: with the key. */
  findWayWithout(
    settings: Settings,
    ingest: string,
    receive: Receive,
    degraded: (what: string) => void,
    use: (post: Post) => void,
  ): void;
}

let brought: Tools | undefined;
/** Null: they are there, or are known not to come. */
let waiting: ((late?: Tools) => void)[] | null = [];

export const tools = (): Tools | undefined => brought;

/** Runs `then` when they are there, or are known not to come. */
export function whenTools(then: (late?: Tools) => void): void {
  if (waiting) waiting.push(then);
  else then(brought);
}

/** Without any: the file cannot be had. */
export function bring(late = brought): void {
  brought = late;
  const runs = waiting ?? [];
  waiting = null;
  for (const run of runs) guarded(() => run(late));
}
