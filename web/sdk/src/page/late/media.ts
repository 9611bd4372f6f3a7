/** Players: play, pause, end, and where to they are moved. Their events do not bubble, but are heard on their way down. */
import { MEDIA_SEEK_EVERY_MS } from '../../shared/limits.ts';
import * as WORDS from '../../shared/words.ts';
import type { Tracker } from '../tracker.ts';

export function captureMedia(tracker: Tracker): void {
  /** Until then it is not told again. */
  const told = new WeakMap<Element, number>();
  tracker.roots.each((root) => {
    WORDS.media.forEach((state, place) => {
      tracker.on(root, state, (_, at, player) => {
        if (!player) return;
        if (state === 'seeked') {
          if (at < (told.get(player) ?? 0)) return;
          told.set(player, at + MEDIA_SEEK_EVERY_MS);
        }
        tracker.note('media', at, tracker.know(player), 0, place, (player as HTMLMediaElement).currentTime);
      });
    });
  });
}
