/** The shapes that travel: events and batches to the collector, messages between page and worker. */
import type { ClientHints } from './client_hints.ts';

export type EventType =
  | 'page_view'
  | 'page_leave'
  | 'heartbeat'
  | 'visibility'
  | 'pointer'
  | 'element_enter'
  | 'element_leave'
  | 'click'
  | 'double_click'
  | 'context_menu'
  | 'pointer_down'
  | 'pointer_up'
  | 'focus'
  | 'blur'
  | 'input'
  | 'change'
  | 'submit'
  | 'scroll'
  | 'resize'
  | 'key'
  | 'clipboard'
  | 'request'
  | 'error'
  | 'web_vital'
  | 'capture_degraded'
  | 'custom';

export interface ElementInfo {
  path: string;
  tag: string;
  id: string | null;
  name: string | null;
  role: string | null;
  text: string | null;
  /** x, y, width, height in CSS pixels, relative to the viewport. */
  rect: [number, number, number, number];
}

/** One list entry per sample: milliseconds since the previous one, CSS pixels. */
export interface Trail {
  dt: number[];
  x: number[];
  y: number[];
}

/** What a capture module adds to an event. */
export interface Fields {
  element?: ElementInfo;
  x?: number;
  y?: number;
  button?: number;
  duration_ms?: number;
  state?: string;
  input?: { kind: string; length: number; value?: string };
  change?: { index: number; label?: string; checked?: boolean };
  viewport?: [number, number];
  key?: { class: string };
  clipboard?: { kind: string; length: number };
  request?: {
    method: string;
    url: string;
    status: number;
    duration_ms: number;
    initiator: string;
    bytes: number | null;
  };
  error?: {
    message: string;
    source: string | null;
    line: number | null;
    column: number | null;
    stack?: string;
  };
  vital?: { name: string; value: number };
  degraded?: { what: string; rate_hz: number | null };
  name?: string;
  properties?: object;
}

export interface TelemetryEvent extends Fields {
  /** Gap-free from 0 within the tab, in the order of capture. */
  seq: number;
  type: EventType;
  /** Client clock, epoch milliseconds with fractions. */
  at: number;
  /** On the page: the number of samples in the chunk's buffer. In a batch: the samples. */
  trail?: Trail | number;
}

/** What the page hands over: events, and the samples of their trails (µs, quarter pixels, quarter pixels). */
export interface Chunk {
  events: TelemetryEvent[];
  samples: Int32Array;
}

/** Everything of a batch that does not depend on the moment of sending. */
export interface Header {
  batch_id: string;
  /** Gap-free from 0 within the tab. */
  batch_seq: number;
  visitor_id: string;
  tab_id: string;
  page_view_id: string;
  sdk: string;
  page: {
    url: string;
    referrer: string;
    title: string;
    viewport: [number, number];
    screen: [number, number];
    language: string;
    timezone: string;
    webdriver: boolean;
  };
  identity: {
    user_id: string | null;
    ga_client_id: string | null;
    ga_session_id: string | null;
    adobe_ecid: string | null;
  };
  /** From the page its touch points; the worker adds the rest. */
  client_hints: ClientHints;
}

export interface ClockEstimate {
  /** Server minus client. */
  offset_ms: number;
  /** Half of the round trip: the true offset is within this. */
  error_ms: number;
}

export interface Batch extends Header {
  sent_at: number;
  clock: ClockEstimate | null;
  events: TelemetryEvent[];
}

/** Page to worker. */
export type Order =
  | { kind: 'start'; endpoint: string; key: string; tab_id: string; memory_only: boolean }
  | { kind: 'chunk'; chunk: Chunk; header?: Header }
  | { kind: 'adopt'; name: string; text: string }
  | { kind: 'flush'; id: number }
  /** The page is left, or frozen. Any later chunk says that it is back. */
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

/** Turns the samples of a chunk into the lists of the contract. Leaves its input as it is. */
export function expandTrails({ events, samples }: Chunk): TelemetryEvent[] {
  let next = 0;
  return events.map((event) => {
    if (typeof event.trail !== 'number') return event;
    const trail: Trail = { dt: [], x: [], y: [] };
    for (const end = next + event.trail * 3; next < end; next += 3) {
      trail.dt.push((samples[next] as number) / 1000);
      trail.x.push((samples[next + 1] as number) / 4);
      trail.y.push((samples[next + 2] as number) / 4);
    }
    return { ...event, trail };
  });
}

/** The same batch for every attempt; only `sent_at` and `clock` describe the attempt. */
export function encodeBatch(rest: string, sentAt: number, clock: ClockEstimate | null): string {
  return `{"sent_at":${sentAt},"clock":${JSON.stringify(clock)},${rest.slice(1)}`;
}

/** The part of a batch that is the same for every attempt, as JSON. */
export function encodeRest(header: Header, chunks: Chunk[]): string {
  return JSON.stringify({ ...header, events: chunks.flatMap(expandTrails) });
}

/** Client clock: epoch milliseconds, to the microsecond, monotonic within the document. */
export function clientNow(): number {
  return roundMicros(performance.timeOrigin + performance.now());
}

export function roundMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
