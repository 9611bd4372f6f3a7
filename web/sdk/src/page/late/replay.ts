/** Loads telemetry.replay.js where the page is to be recorded: in an idle moment, after all that the page itself loads. */
import type { NoReplay } from '../../shared/replay_messages.ts';
import { guarded } from '../guard.ts';
import { baseOf, now, onItself, readyStateOf, whenIdle } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

declare global {
  /** What this part was given itself (`hand_over.mjs`): it goes on to the next. */
  const handed: unknown[];
}

/** What the file exports, for what `handed` holds. */
type Replay = (handed: unknown[]) => typeof import('../replay/main.ts').startReplay;

const IDLE_WITHIN_MS = 2_000;

export function captureReplay(tracker: Tracker): void {
  const { data, late, anonymous } = tracker.setup;
  if (!(data.ctReplay ?? 'off').match(/always|friction/)) return;
  const not = (reason: NoReplay) => tracker.note('capture_degraded', now(), 0, { what: `replay:${reason}` }, 0);
  const load = async () => {
    try {
      const address = data.ctReplayScript ?? late.replace('.late.', '.replay.');
      const { default: replay }: { default: Replay } = await import(new URL(address, baseOf(document)).href);
      replay(handed)(tracker, not);
    } catch {
      guarded(() => not('error'));
    }
  };
  const begin = () => whenIdle(load, IDLE_WITHIN_MS);
  if (anonymous) not('gpc');
  else if (readyStateOf(document) === 'complete') begin();
  else onItself(window, 'load', begin);
}
