/** Learns which fields are passwords, and what is typed into, before a press or the page can disguise them. */
import { rootOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { learnEdited, learnPasswords } from './personal.ts';

export function watchPasswords({ roots, on, actedAt }: Tracker): void {
  /** Somebody acted before this part was there: any field of now may be a password that is disguised. */
  let all = !!actedAt();
  roots.each((root) => {
    learnPasswords(root === window ? document : (root as ShadowRoot), all);
    for (const type of ['beforeinput', 'input']) on(root, type, learnEdited);
  });
  all = false;
  // A press says no count; a click does, unless no press came before it.
  for (const type of ['pointerdown', 'click'])
    on<MouseEvent>(window, type, ({ detail }, _, target) => !detail && target && learnPasswords(rootOf(target)));
}
