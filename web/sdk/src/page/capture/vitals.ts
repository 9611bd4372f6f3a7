/** Web vitals: measured by the browser, told when final, or when the page is hidden or left. */
import { WORDS } from '../../shared/types.ts';
import { now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

function observe<E>(type: string, seen: (entry: E & PerformanceEntry) => void): void {
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen(entry as E & PerformanceEntry);
    }).observe({ type, buffered: true, durationThreshold: 40 } as PerformanceObserverInit);
  } catch {
    // This browser does not measure it.
  }
}

/** Layout shift: the largest sum of a burst, at most 5 s long with gaps under 1 s (web.dev/cls). Returns it so far. */
export function layoutShift(): (at: number, value: number) => number {
  let largest = 0;
  let burst = 0;
  let firstAt = 0;
  let lastAt = 0;
  return (at, value) => {
    if (at - lastAt >= 1000 || at - firstAt >= 5000) {
      burst = 0;
      firstAt = at;
    }
    lastAt = at;
    burst += value;
    largest = Math.max(largest, burst);
    return largest;
  };
}

/** Interaction to next paint: the longest interaction, leaving out one outlier per 50 (web.dev/inp). Returns it so far. */
export function interactionToNextPaint(): (id: number, durationMs: number) => number {
  const longest = new Map<number, number>();
  return (id, durationMs) => {
    longest.set(id, Math.max(durationMs, longest.get(id) ?? 0));
    const sorted = [...longest.values()].sort((a, b) => b - a);
    return sorted[Math.floor(sorted.length / 50)] as number;
  };
}

export function captureVitals(tracker: Tracker): void {
  const told: Record<string, number> = {};
  const measured: Record<string, number> = {};
  const tell = (name: string, value: number) => {
    if (told[name] === value) return;
    told[name] = value;
    tracker.note('web_vital', now(), 0, [WORDS.vital.indexOf(name as 'LCP'), value]);
  };
  const shift = layoutShift();
  const interaction = interactionToNextPaint();
  observe<PerformanceNavigationTiming>('navigation', ({ responseStart }) => tell('TTFB', responseStart));
  observe('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') tell('FCP', startTime);
  });
  observe('largest-contentful-paint', ({ startTime }) => {
    measured.LCP = startTime;
    measured.CLS ??= 0;
  });
  observe<{ value: number; hadRecentInput: boolean }>('layout-shift', ({ startTime, value, hadRecentInput }) => {
    if (!hadRecentInput) measured.CLS = shift(startTime, value);
  });
  observe<{ interactionId: number }>('event', ({ interactionId, duration }) => {
    if (interactionId) measured.INP = interaction(interactionId, duration);
  });
  const tellAll = () => {
    for (const name in measured) tell(name, measured[name] as number);
  };
  tracker.on(document, 'visibilitychange', () => {
    if (document.visibilityState === 'hidden') tellAll();
  });
  tracker.atEnd(tellAll);
}
