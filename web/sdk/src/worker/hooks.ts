/** The site's own filter of events, where it has one: the file of `data-ct-hooks`, which sets `telemetryBeforeSend`. */
import type { TelemetryEvent } from '../shared/batch.ts';
import { trusted } from '../shared/trusted.ts';

/** Gets a complete event as it would be sent; returns it, changed or not, or null for one that must not leave. */
export type BeforeSend = (event: TelemetryEvent) => TelemetryEvent | null;

const hooked = globalThis as { telemetryBeforeSend?: BeforeSend };

/**
 * Where the file cannot be had nothing but numbers of events leaves: who asks for a filter has a reason. On a page without
 * workers nothing is loaded, the site has the file there as a script of its own.
 */
export function loadHooks(address: string | undefined): void {
  if (!address) return;
  try {
    if (typeof importScripts === 'function') importScripts(trusted(address));
  } catch {
    // It fails closed, below.
  }
  hooked.telemetryBeforeSend ??= () => null;
}

/**
 * What may leave. An event that is held back, or at which the filter fails, leaves its place: numbers stay without gaps, and
 * the ledger tells what the site held back from what was lost.
 */
export function filtered(events: TelemetryEvent[]): TelemetryEvent[] {
  const { telemetryBeforeSend } = hooked;
  if (!telemetryBeforeSend) return events;
  return events.map((event) => {
    const { seq, at } = event;
    let kept: object | null = null;
    try {
      kept = telemetryBeforeSend(event);
    } catch {
      // Held back: a filter that fails must not become a leak.
    }
    const told = { type: 'capture_degraded', degraded: { what: 'before_send', rate_hz: null } };
    return { ...(kept ?? told), seq, at } as TelemetryEvent;
  });
}
