/** The class of each key, never the character. */
import { HIDDEN } from '../elements.ts';
import { closest } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

/** Places in `WORDS.key`, whose words a test compares with these. */
const CHARACTER = 0;
const SHORTCUT = 7;
const OTHER = 8;
/** In the order of `WORDS.key`, from 1 on: navigation, editing, enter, escape, modifiers, functions. */
const NAMED = [
  /^(Arrow|Page|Home$|End$|Tab$)/,
  /^(Backspace|Delete|Insert)$/,
  /^Enter$/,
  /^Escape$/,
  /^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/,
  /^F\d+$/,
];

/** The place of its class in `WORDS.key`. */
export function keyClass({ key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): number {
  const named = NAMED.findIndex((pattern) => pattern.test(key)) + 1;
  if (named || [...key].length > 1) return named || OTHER;
  return ctrlKey || metaKey ? SHORTCUT : CHARACTER;
}

export function captureKeys(tracker: Tracker): void {
  let last = '';
  tracker.on<KeyboardEvent>(window, 'keydown', (event, at, target) => {
    const { key } = event;
    // Autofill sends keydown events without a key; a held key repeats without telling more, and is asked for only where it may.
    if (!key || (key === last && event.repeat)) return;
    last = key;
    const its = tracker.know(target, false, true);
    if (its === HIDDEN) return;
    const typed = key.length === 1 && !event.ctrlKey && !event.metaKey;
    const seq = tracker.note('key', at, its, 0, typed ? CHARACTER : keyClass(event));
    if (key === 'Enter' || (key === ' ' && !(target && closest(target, 'input,textarea,[contenteditable]'))))
      tracker.effects.arm(seq, event, target);
  });
}
