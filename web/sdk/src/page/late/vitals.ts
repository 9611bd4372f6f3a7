/** Web vitals: measured by the browser, told when final, or when the page is hidden or left. */
import * as WORDS from '../../shared/words.ts';
import { now, visibilityOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { observe, observeLonger } from './observe.ts';

/** Longest interactions that are kept. */
const INTERACTIONS_KEPT_MAX = 10;
/** Browsers tell how long an event took in steps of this (w3.org/TR/event-timing). */
const EVENT_MS_STEP = 8;

interface Navigation {
  responseStart: number;
  activationStart?: number;
}
interface Interaction {
  interactionId: number;
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

interface Kept {
  id: number;
  durationMs: number;
}

export interface Interactions {
  seen(id: number, durationMs: number): void;
  /** Who does not take longer than this is none of the longest any more. */
  least(): number;
  /** `count`: of all interactions, also those too short to be told; unknown: as their ids let guess. Undefined: none yet. */
  toNextPaint(count?: number): number | undefined;
}

/**
 * Interaction to next paint: the longest interaction, leaving out one outlier per 50 (web.dev/inp). Only the longest are
 * kept, as of web-vitals: of more than 500 interactions it is the tenth longest.
 */
export function interactions(): Interactions {
  const longest: Kept[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  const least = () => longest[INTERACTIONS_KEPT_MAX - 1]?.durationMs ?? 0;
  return {
    least,
    seen(id, durationMs) {
      first = Math.min(first, id);
      last = Math.max(last, id);
      if (durationMs <= least()) return;
      const known = longest.find((entry) => entry.id === id);
      if (known) known.durationMs = Math.max(known.durationMs, durationMs);
      else longest.push({ id, durationMs });
      longest.sort((a, b) => b.durationMs - a.durationMs).splice(INTERACTIONS_KEPT_MAX);
    },
    // Browsers count interactions in steps of 7 (w3.org/TR/event-timing).
    toNextPaint: (count = (last - first) / 7 + 1) =>
      longest[Math.min(longest.length - 1, Math.floor(count / 50))]?.durationMs,
  };
}

export function captureVitals(tracker: Tracker): void {
  const told: Record<string, number> = {};
  const measured: Record<string, number | undefined> = {};
  const [navigation] = performance.getEntriesByType('navigation') as (PerformanceEntry & Navigation)[];
  /** A page that was drawn before it was asked for began when it was shown. */
  const shownAt = navigation?.activationStart ?? 0;
  const since = (at: number) => Math.max(0, at - shownAt);
  /** Of a tab in the background nobody saw how long it took (web.dev/articles/fcp). */
  const seen = (at: number) =>
    !performance
      .getEntriesByType('visibility-state')
      .some(({ name, startTime }) => name === 'hidden' && startTime >= shownAt && startTime < at);
  const tell = (name: string, value: number | undefined) => {
    if (value === undefined || told[name] === value) return;
    told[name] = value;
    tracker.note('web_vital', now(), 0, 0, WORDS.vital.indexOf(name as 'LCP'), value);
  };
  const shift = layoutShift();
  const interaction = interactions();
  const counted = () => (performance as { interactionCount?: number }).interactionCount;
  let heardFrom = 0;
  const interacted = ({ interactionId, duration }: PerformanceEntry & Interaction) => {
    if (!interactionId) return;
    interaction.seen(interactionId, duration);
    const least = interaction.least();
    // Where the browser counts them nothing else is to be learnt of shorter ones, and to be told of each costs the page.
    if (least === heardFrom || counted() === undefined) return;
    heardFrom = least;
    observeLonger(least + EVENT_MS_STEP);
  };
  observe<Navigation>('navigation', ({ responseStart }) => tell('TTFB', since(responseStart)));
  observe('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint' && seen(startTime)) tell('FCP', since(startTime));
  });
  observe('largest-contentful-paint', ({ startTime }) => {
    if (seen(startTime)) measured.LCP = since(startTime);
    measured.CLS ??= 0;
  });
  observe<{ value: number; hadRecentInput: boolean }>('layout-shift', ({ startTime, value, hadRecentInput }) => {
    if (!hadRecentInput) measured.CLS = shift(startTime, value);
  });
  observe<Interaction>('event', interacted);
  observe<Interaction>('first-input', interacted);
  const tellAll = () => {
    measured.INP = interaction.toNextPaint(counted());
    for (const [name, value] of Object.entries(measured)) tell(name, value);
  };
  tracker.on(document, 'visibilitychange', () => {
    if (visibilityOf(document) !== 'hidden') return;
    tellAll();
    // A hidden page may not come back.
    tracker.cutBatch();
  });
  tracker.atEnd(tellAll);
}
