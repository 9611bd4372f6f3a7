/** Learns which fields are passwords before a press can disguise them, and before the page hears of it. */
import { rootOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { learnPasswords } from './personal.ts';

export function watchPasswords({ roots, on }: Tracker): void {
  roots.each((root) => learnPasswords(root === window ? document : (root as ShadowRoot)));
  on(window, 'pointerdown', (_, __, target) => target && learnPasswords(rootOf(target)));
  // A press has come before the others.
  on<MouseEvent>(window, 'click', ({ detail }, _, target) => !detail && target && learnPasswords(rootOf(target)));
}
