/** What may be told of a field, as the page and the worker judge together. */
import { describe } from '../src/page/late/describe.ts';
import { purposeOf } from '../src/page/late/personal.ts';
import { maskPart } from '../src/shared/text.ts';
import { mayTell } from '../src/worker/sensitive.ts';

export function isUnmasked(field: Element): boolean {
  const purpose = purposeOf(field);
  return !!purpose && mayTell(purpose);
}

/** What is told of an element's text. */
export function told(element: Element): string {
  const { text = '', around: [before, after] = ['', ''], purpose } = describe(element);
  return purpose && !mayTell(purpose) ? '' : maskPart(before, text, after, 64);
}
