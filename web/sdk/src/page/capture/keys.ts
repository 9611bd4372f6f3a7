/** The class of each key, never the character. */
import * as WORDS from '../../shared/words.ts';
import { HIDDEN } from '../elements.ts';
import { closest } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

type KeyClass = (typeof WORDS.key)[number];

const CHARACTER = WORDS.key.indexOf('character');
const CLASSES: [RegExp, KeyClass][] = [
  [/^(Arrow|Page|Home$|End$|Tab$)/, 'navigation'],
  [/^(Backspace|Delete|Insert)$/, 'editing'],
  [/^Enter$/, 'enter'],
  [/^Escape$/, 'escape'],
  [/^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/, 'modifier'],
  [/^F\d+$/, 'function'],
];

export function keyClass({ key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): KeyClass {
  const named = CLASSES.find(([pattern]) => pattern.test(key));
  if (named) return named[1];
  if ([...key].length > 1) return 'other';
  return ctrlKey || metaKey ? 'shortcut' : 'character';
}

export function captureKeys(tracker: Tracker): void {
  tracker.on<KeyboardEvent>(window, 'keydown', (event, at, target) => {
    const { key } = event;
    // Autofill sends keydown events without a key; a held key repeats without telling more.
    if (!key || event.repeat) return;
    const its = tracker.know(target, false, true);
    if (its === HIDDEN) return;
    const typed = key.length === 1 && !event.ctrlKey && !event.metaKey;
    const seq = tracker.note('key', at, its, [typed ? CHARACTER : WORDS.key.indexOf(keyClass(event))]);
    if (key === 'Enter' || (key === ' ' && !(target && closest(target, 'input,textarea,[contenteditable]'))))
      tracker.effects.arm(seq, event, target);
  });
}
