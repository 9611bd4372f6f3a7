/** Learns which fields are passwords, and what is typed into, before a press or the page can disguise them. */
import { localName, rootOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { edited, learnEdited, learnPasswords } from './personal.ts';

export function watchPasswords({ roots, on, actedAt }: Tracker): void {
  /** Somebody acted before this part was there: any field of now may be a password that is disguised. */
  let all = !!actedAt();
  roots.each((root) => {
    learnPasswords(root === window ? document : (root as ShadowRoot), all);
    on(root, 'beforeinput', learnEdited);
  });
  all = false;
  // What the browser fills in, or a script types for a person, is not told before.
  on(window, 'input', (_, __, field) => field && localName(field) !== 'select' && edited.add(field));
  // A press says no count; a click does, unless no press came before it.
  for (const type of ['pointerdown', 'click'])
    on<MouseEvent>(window, type, ({ detail }, _, target) => !detail && target && learnPasswords(rootOf(target)));
}
