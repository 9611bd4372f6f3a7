/** Input methods: when a text is begun and ended that several keys make; its length, never the text. */
import * as WORDS from '../../shared/words.ts';
import { on, timeOf } from '../natives.ts';
import { isIgnored } from '../privacy.ts';
import type { Tracker } from '../tracker.ts';

export function captureComposition(tracker: Tracker): void {
  WORDS.composition.forEach((state, place) => {
    // Chromium's own `compositionend` does not say that it can be trusted.
    on(window, `composition${state}`, (event) => {
      const field = tracker.roots.innermost(event);
      if (!field || isIgnored(field)) return;
      const { data } = event as CompositionEvent;
      tracker.note('composition', timeOf(event), tracker.know(field), 0, place, data.length);
    });
  });
}
