/** Frames that kept the page from answering, and the script that took longest in each: a slow click has its cause. */
import { LONG_FRAME_BLOCKING_MS_MIN, LONG_FRAMES_KEPT_MAX, LONG_FRAMES_TOLD_MAX } from '../../shared/limits.ts';
import { isBlocked } from '../privacy.ts';
import type { Tracker } from '../tracker.ts';
import { observe } from './observe.ts';
import { perPageView } from './page_view.ts';
import { byId } from './platform.ts';

interface Frame {
  blockingDuration: number;
  scripts: { duration: number; sourceURL: string; invoker: string }[];
}

/** A long task is as long as this before any of it counts as blocking (web.dev/tbt). */
const TASK_MS = 50;

/** `BUTTON#buy.onclick`: the id, or an address in its place, only of an element that is there to be asked and in no block. */
const withoutHidden = (invoker = ''): string =>
  invoker.replace(/^([^#[]+)(?:#(.*)|\[.*)(?=\.on)/s, (found, tag, id) => {
    const element = id && byId(document, id);
    return element && !isBlocked(element) ? found : tag;
  });

export function captureFrames(tracker: Tracker): void {
  /** How long each of those kept the page that were told. */
  const told = perPageView(tracker, (): number[] => []);
  const tell = (at: number, duration: number, blocking: number, script = '', invoker = '') => {
    if (blocking < LONG_FRAME_BLOCKING_MS_MIN) return;
    const before = told();
    // Told at once, so that a crash loses none: what is told are the longest so far.
    const longer = before.filter((ms) => ms >= blocking).length;
    if (before.length >= LONG_FRAMES_TOLD_MAX || longer >= LONG_FRAMES_KEPT_MAX) return;
    before.push(blocking);
    tracker.note('long_frame', at, 0, { script, invoker }, duration, blocking);
  };
  const frames = observe<Frame>('long-animation-frame', ({ startTime, duration, blockingDuration, scripts }) => {
    const [first] = [...scripts].sort((a, b) => b.duration - a.duration);
    tell(startTime, duration, blockingDuration, first?.sourceURL, withoutHidden(first?.invoker));
  });
  if (!frames) observe('longtask', ({ startTime, duration }) => tell(startTime, duration, duration - TASK_MS));
}
