/**
 * What the page noted for one batch, as it goes to the worker: numbers in rows, and beside them what is no number. Nothing
 * is masked or scrubbed yet; that is the work of `encode.ts`, in the worker.
 */
import type { EventType } from './types.ts';

/**
 * Numbers of a row: type, ms since `origin`, element (its number in this chunk, 0: none), and four that the type explains,
 * NaN where it has none. `encode.ts` reads them, type by type.
 */
export const WIDTH = 7;

export interface Chunk {
  /** Of the first event. Every row is an event, but for the further samples of a trail. */
  first_seq: number;
  /** `performance.timeOrigin` of the page. */
  origin: number;
  rows: Float64Array;
  /** `RawElement[]` as JSON, which is handed over sooner than objects are. Element n stands at n − 1. */
  elements: string;
  /** By the index of the row, ascending. */
  details: [row: number, details: Details][];
}

/** The events of a chunk as they travel: JSON, with commas between and nothing around them. */
export interface Written {
  text: string;
  events: number;
}

/** What a field says that it is for: its autocomplete, and all else. Who has the words judges whether what it holds may be told. */
export type Purpose = [autocomplete: string, hints: string];

/** An element as it was read from the page, once for all events of a chunk; not all, where the page ended before. Empty text: there is none. */
export interface RawElement {
  tag: string;
  id?: string;
  name?: string;
  role?: string;
  text?: string;
  /** Of a field that its text was chosen in. */
  purpose?: Purpose;
  /** Texts that touch an inline element on its line. */
  around?: [before: string, after: string];
  /** Outermost first; each is a text before, a value that is to be masked, and a text after. */
  path?: [before: string, value: string, after: string][];
  /** x, y, width, height in CSS pixels, relative to the viewport; null until the browser has drawn it. */
  rect: [number, number, number, number] | null;
}

/** What a row cannot hold, unmasked, by the type of the event. */
export interface DetailsOf {
  input: { kind?: string; value?: string; purpose?: Purpose };
  change: { label: string; purpose: Purpose };
  request: {
    method: string | null;
    url: string;
    status: number | null;
    duration_ms: number;
    initiator: string;
    bytes: number | null;
  };
  error: { message: string; source: string; line: number; column: number; stack: string };
  capture_degraded: { what: string };
  /** Properties as JSON, already bounded. */
  custom: { name: string; properties: string };
  long_frame: { script: string; invoker: string };
}

export type Details = DetailsOf[keyof DetailsOf];
export type DetailsFor<T extends EventType> = T extends keyof DetailsOf ? DetailsOf[T] : undefined;

/** Everything of a batch that does not depend on the moment of sending, unscrubbed. */
export interface Header {
  batch_id: string;
  /** Gap-free from 0 within the tab. */
  batch_seq: number;
  visitor_id: string;
  tab_id: string;
  page_view_id: string;
  page: {
    /** The other addresses of the batch are relative to it. */
    url: string;
    referrer: string;
    title: string;
    viewport: [width: number, height: number];
    screen: [width: number, height: number];
    language: string;
    webdriver: boolean;
    /** Undefined: whoever writes the batch asks for it. */
    timezone?: string;
  };
  identity: {
    user_id: string | null;
    ga_client_id: string | null;
    ga_session_id: string | null;
    adobe_ecid: string | null;
  };
  max_touch_points: number;
}
