/** What the browser measures by itself, also before this ran. */
import { measures, observeTimings } from '../natives.ts';

/** Calls `seen` for each entry of a type; false where this browser does not measure it. */
export function observe<E>(type: string, seen: (entry: E & PerformanceEntry) => void): boolean {
  if (!measures(type)) return false;
  observeTimings((list) => {
    for (const entry of list.getEntries()) seen(entry as E & PerformanceEntry);
  })?.observe({ type, buffered: true, durationThreshold: 40 } as PerformanceObserverInit);
  return true;
}
