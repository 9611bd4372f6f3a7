/** Learns which fields are passwords before a press can disguise them, and before the page hears of it. */
import { rootOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { learnPasswords } from './personal.ts';

export function watchPasswords({ roots, on }: Tracker): void {
  roots.each((root) => learnPasswords(root === window ? document : (root as ShadowRoot)));
  for (const press of ['pointerdown', 'click'])
    on(window, press, (event) => {
      const target = roots.target(event);
      if (target) learnPasswords(rootOf(target));
    });
}
