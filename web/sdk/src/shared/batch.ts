/** What travels to the collector: one batch, as `schemas/json/batch.schema.json` describes it. */
import { toJson } from './json.ts';
import type { EventType } from './types.ts';

export interface ClientHints {
  platform?: string;
  /** Of Windows not the version: 13 and later are Windows 11. */
  platform_version?: string;
  architecture?: string;
  bitness?: string;
  model?: string;
  mobile?: boolean;
  /** With full versions. */
  brands?: { brand: string; version: string }[];
  /** `navigator.maxTouchPoints`, which only a page has: an iPad says that it is a Mac that can be touched. */
  max_touch_points?: number;
}

export interface ElementInfo {
  path: string;
  tag: string;
  id: string | null;
  name: string | null;
  role: string | null;
  text: string | null;
  rect: [number, number, number, number] | null;
}

/** Samples of the pointer: milliseconds since the previous one, CSS pixels. */
export interface Trail {
  dt: number[];
  x: number[];
  y: number[];
}

export interface TelemetryEvent {
  /** Gap-free from 0 within the tab, in the order of capture. */
  seq: number;
  type: EventType;
  /** Client clock, epoch milliseconds, to the microsecond. */
  at: number;
  element?: ElementInfo;
  [field: string]: unknown;
}

export interface ClockEstimate {
  /** Server minus client. */
  offset_ms: number;
  /** Half of the round trip: the true offset is within this. */
  error_ms: number;
}

/** The same batch for every attempt; only `sent_at` and `clock` describe the attempt. */
export function encodeBatch(rest: string, sentAt: number, clock: ClockEstimate | null): string {
  return `{"sent_at":${sentAt},"clock":${toJson(clock)},${rest.slice(1)}`;
}

export function roundMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Client clock: epoch milliseconds, to the microsecond, monotonic within the document or worker. */
export function clientNow(): number {
  return roundMicros(performance.timeOrigin + performance.now());
}
