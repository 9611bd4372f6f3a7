/** Web vitals: measured by the browser, told when final, or when the page is hidden or left. */
import type { Tracker } from '../tracker.ts';
import { clientNow } from '../wire.ts';

interface Shift extends PerformanceEntry {
  value: number;
  hadRecentInput: boolean;
}

interface Interaction extends PerformanceEntry {
  interactionId?: number;
}

function observe<E extends PerformanceEntry>(type: string, seen: (entry: E) => void, options: object = {}): void {
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen(entry as E);
    }).observe({ type, buffered: true, ...options });
  } catch {
    // This browser does not measure it.
  }
}

/** Layout shift: the largest sum of a burst, at most 5 s long with gaps under 1 s (web.dev/cls). */
export class LayoutShift {
  value = 0;
  private burst = 0;
  private firstAt = 0;
  private lastAt = Number.NEGATIVE_INFINITY;

  add(at: number, value: number): void {
    if (at - this.lastAt >= 1000 || at - this.firstAt >= 5000) {
      this.burst = 0;
      this.firstAt = at;
    }
    this.lastAt = at;
    this.burst += value;
    this.value = Math.max(this.value, this.burst);
  }
}

/** Interaction to next paint: the longest interaction, leaving out one outlier per 50 (web.dev/inp). */
export class Interactions {
  private longest = new Map<number, number>();
  private ids = new Set<number>();

  add(id: number, durationMs: number): void {
    this.ids.add(id);
    this.longest.set(id, Math.max(durationMs, this.longest.get(id) ?? 0));
    if (this.longest.size > 10) this.longest.delete(this.sorted()[10]?.[0] as number);
  }

  get value(): number | null {
    return this.sorted()[Math.min(this.longest.size - 1, Math.floor(this.ids.size / 50))]?.[1] ?? null;
  }

  private sorted(): [id: number, durationMs: number][] {
    return [...this.longest].sort((a, b) => b[1] - a[1]);
  }
}

export function captureVitals(tracker: Tracker): void {
  const told: Record<string, number> = {};
  const tell = (name: string, value: number | null | undefined) => {
    const rounded = Math.round((value ?? 0) * 10_000) / 10_000;
    if (value == null || told[name] === rounded) return;
    told[name] = rounded;
    tracker.track('web_vital', clientNow(), { vital: { name, value: rounded } });
  };

  let largestPaint: number | null = null;
  let painted = false;
  const shift = new LayoutShift();
  const interactions = new Interactions();
  observe<PerformanceNavigationTiming>('navigation', ({ responseStart }) => tell('TTFB', responseStart));
  observe('paint', ({ name, startTime }) => name === 'first-contentful-paint' && tell('FCP', startTime));
  observe('largest-contentful-paint', ({ startTime }) => {
    largestPaint = startTime;
    painted = true;
  });
  observe<Shift>('layout-shift', ({ startTime, value, hadRecentInput }) => {
    if (!hadRecentInput) shift.add(startTime, value);
  });
  observe<Interaction>(
    'event',
    ({ interactionId, duration }) => interactionId && interactions.add(interactionId, duration),
    { durationThreshold: 40 },
  );

  const tellAll = () => {
    tell('LCP', largestPaint);
    if (painted) tell('CLS', shift.value);
    tell('INP', interactions.value);
  };
  tracker.on(document, 'visibilitychange', () => document.visibilityState === 'hidden' && tellAll());
  tracker.atEnd(tellAll);
}
