import * as WORDS from '../shared/words.ts';

/** The place of the event's pointer among the words of the contract; NaN: none, as of a click by the keyboard. */
export function pointerType({ pointerType }: Partial<PointerEvent>): number {
  if (pointerType === 'mouse') return 0;
  const place = WORDS.pointer_type.indexOf(pointerType as 'touch');
  return place < 0 ? Number.NaN : place;
}
