/** How much was copied, cut or pasted, never what. */
import * as WORDS from '../../shared/words.ts';
import { HIDDEN } from '../common.ts';
import { quietly } from '../guard.ts';
import { getter, kind } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { unitsIn } from './reading.ts';

/** Undefined for what is no such field, or has no selection of its own. The page's own elements may have getters of these names. */
const selectedIn = (field: Element, name: string): number | undefined =>
  quietly(() => {
    const prototype = kind(name);
    const end = getter<number | null>(prototype, 'selectionEnd')(field);
    return end === null ? undefined : end - getter<number>(prototype, 'selectionStart')(field);
  });

/** UTF-16 units selected, in a field or in the page; there without asking how it is laid out. */
function selectedLength(target: Element | null): number {
  const inField = target && (selectedIn(target, 'HTMLInputElement') ?? selectedIn(target, 'HTMLTextAreaElement'));
  if (inField != null) return inField;
  const selection = getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  return range ? unitsIn(range.commonAncestorContainer, range) : 0;
}

export function captureClipboard(tracker: Tracker): void {
  WORDS.clipboard.forEach((type, place) => {
    tracker.on<ClipboardEvent>(window, type, (event, at, target) => {
      const its = tracker.know(target, false, true);
      if (its === HIDDEN) return;
      const pasted = () => event.clipboardData?.getData('text').length ?? 0;
      const length = type === 'paste' ? pasted() : selectedLength(target);
      tracker.note('clipboard', at, its, 0, place, length);
    });
  });
}
