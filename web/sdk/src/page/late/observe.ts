/** What the browser measures by itself, also before this ran. One observer hears all: the browser calls each for itself. */
import { observeTimings } from '../natives.ts';
import { measures } from './platform.ts';

/** Shortest event that is told (web.dev/inp). */
const EVENT_MS_MIN = 40;

const heard: Record<string, (entry: never) => void> = {};
let observer: ReturnType<typeof observeTimings>;

/** Calls `seen` for each entry of a type; false where this browser does not measure it. */
export function observe<E>(type: string, seen: (entry: E & PerformanceEntry) => void): boolean {
  if (!measures(type)) return false;
  heard[type] = seen;
  observer ??= observeTimings((list) => {
    for (const entry of list.getEntries()) heard[entry.entryType]?.(entry as never);
  });
  observer?.observe({ type, buffered: true, durationThreshold: EVENT_MS_MIN } as PerformanceObserverInit);
  return true;
}

/** Of events only those that take so long are told from here on. */
export const observeLonger = (ms: number): void =>
  observer?.observe({ type: 'event', durationThreshold: ms } as PerformanceObserverInit);
