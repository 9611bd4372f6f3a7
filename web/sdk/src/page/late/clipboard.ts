/** How much was copied, cut or pasted, never what. */
import * as WORDS from '../../shared/words.ts';
import { HIDDEN } from '../elements.ts';
import type { Tracker } from '../tracker.ts';
import { unitsIn } from './reading.ts';

/** UTF-16 units selected, in a field or in the page; there without asking how it is laid out. */
function selectedLength(target: Element | null): number {
  const { selectionStart, selectionEnd } = (target ?? {}) as HTMLInputElement;
  if (selectionStart != null && selectionEnd != null) return selectionEnd - selectionStart;
  const selection = getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  return range ? unitsIn(range.commonAncestorContainer, range) : 0;
}

export function captureClipboard(tracker: Tracker): void {
  WORDS.clipboard.forEach((kind, place) => {
    tracker.on<ClipboardEvent>(window, kind, (event, at, target) => {
      const its = tracker.know(target, false, true);
      if (its === HIDDEN) return;
      const pasted = () => event.clipboardData?.getData('text').length ?? 0;
      const length = kind === 'paste' ? pasted() : selectedLength(target);
      tracker.note('clipboard', at, its, 0, place, length);
    });
  });
}
