/** Players: play, pause, end, and where to they are moved. Their events do not bubble, but are heard on their way down. */
import { MEDIA_SEEK_EVERY_MS } from '../../shared/limits.ts';
import * as WORDS from '../../shared/words.ts';
import type { Tracker } from '../tracker.ts';

export function captureMedia(tracker: Tracker): void {
  const soughtAt = new WeakMap<Element, number>();
  tracker.roots.each((root) => {
    WORDS.media.forEach((state, place) => {
      tracker.on(root, state, (_, at, player) => {
        if (!player) return;
        if (state === 'seeked') {
          if (at - (soughtAt.get(player) ?? -MEDIA_SEEK_EVERY_MS) < MEDIA_SEEK_EVERY_MS) return;
          soughtAt.set(player, at);
        }
        tracker.note('media', at, tracker.know(player), 0, place, (player as HTMLMediaElement).currentTime);
      });
    });
  });
}
