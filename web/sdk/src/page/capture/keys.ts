/** The class of each key, never the character; how much was copied or pasted, never what. */
import * as WORDS from '../../shared/words.ts';
import { HIDDEN } from '../elements.ts';
import { closest } from '../natives.ts';
import { tools } from '../tools.ts';
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

/** UTF-16 units selected, in a field or in the page; there without asking how it is laid out. */
function selectedLength(target: Element | null): number {
  const { selectionStart, selectionEnd } = (target ?? {}) as HTMLInputElement;
  if (selectionStart != null && selectionEnd != null) return selectionEnd - selectionStart;
  const selection = getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  return range ? (tools()?.unitsIn(range.commonAncestorContainer, range) ?? Number.NaN) : 0;
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
  WORDS.clipboard.forEach((kind, place) => {
    tracker.on<ClipboardEvent>(window, kind, (event, at, target) => {
      const its = tracker.know(target, false, true);
      if (its === HIDDEN) return;
      const pasted = () => event.clipboardData?.getData('text').length ?? 0;
      const length = kind === 'paste' ? pasted() : selectedLength(target);
      tracker.note('clipboard', at, its, [place, length]);
    });
  });
}
