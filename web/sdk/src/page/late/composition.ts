/** Input methods: when a text is begun and ended that several keys make; its length, never the text. */
import { WORDS } from '../../shared/types.ts';
import { guarded } from '../guard.ts';
import { on } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

export function captureComposition(tracker: Tracker): void {
  WORDS.composition.forEach((state, place) => {
    // Chromium's own `compositionend` does not say that it can be trusted.
    on(window, `composition${state}`, (event) =>
      guarded(() => {
        const field = tracker.roots.target(event);
        if (!field || tracker.isIgnored(field)) return;
        const { data } = event as CompositionEvent;
        tracker.note('composition', event.timeStamp, tracker.number(field), [place, data.length]);
      }),
    );
  });
}
