/** The class of each key, never the character; how much was copied or pasted, never what. */
import { WORDS } from '../../shared/types.ts';
import { closest } from '../natives.ts';
import { isIgnored } from '../privacy.ts';
import { tools } from '../tools.ts';
import type { Tracker } from '../tracker.ts';

type KeyClass = (typeof WORDS.key)[number];

const CLASSES: [RegExp, KeyClass][] = [
  [/^(Arrow|Page|Home$|End$|Tab$)/, 'navigation'],
  [/^(Backspace|Delete|Insert)$/, 'editing'],
  [/^Enter$/, 'enter'],
  [/^Escape$/, 'escape'],
  [/^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/, 'modifier'],
  [/^F\d+$/, 'function'],
];

export function keyClass({ key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): KeyClass {
  if (key.length === 1) return ctrlKey || metaKey ? 'shortcut' : 'character';
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
  tracker.on<KeyboardEvent>(window, 'keydown', (event, at) => {
    // Autofill sends keydown events without a key; a held key repeats without telling more.
    if (!event.key || event.repeat) return;
    const target = tracker.roots.target(event);
    if (target && isIgnored(target)) return;
    const seq = tracker.note('key', at, tracker.number(target), [WORDS.key.indexOf(keyClass(event))]);
    const typed = target && closest(target, 'input,textarea,[contenteditable]');
    if (event.key === 'Enter' || (event.key === ' ' && !typed)) tracker.effects.arm(seq, event, target);
  });
  WORDS.clipboard.forEach((kind, place) => {
    tracker.on<ClipboardEvent>(window, kind, (event, at) => {
      const target = tracker.roots.target(event);
      if (target && isIgnored(target)) return;
      const pasted = () => event.clipboardData?.getData('text').length ?? 0;
      const length = kind === 'paste' ? pasted() : selectedLength(target);
      tracker.note('clipboard', at, tracker.number(target), [place, length]);
    });
  });
}
