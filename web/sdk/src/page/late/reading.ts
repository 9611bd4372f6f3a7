/** Texts of the page, read by pieces and only as far as they are needed: a page may hold megabytes in one node. */
import { INLINE } from '../../shared/inline.ts';
import { EDITOR_UNITS_MAX, ELEMENT_TEXT_UNITS_MAX } from '../../shared/limits.ts';
import { firstChild, headOf, localName, nextSibling, nodeType, parentElement, unitsOf } from '../natives.ts';
import { tailOf, textsIn } from './platform.ts';

const NODES_MAX = 32;
/** Of text nodes that are counted; a count takes some microseconds then. */
const TEXTS_MAX = 200;
const READ_UNITS_MAX = ELEMENT_TEXT_UNITS_MAX * 4;
const DEPTH_MAX = 8;

/** What a word may end with that is cut: of these the rest may be what masks it. */
const LAST_WORD = /[!-~\p{Nd}]+$/u;

/** What an element shows, inline parts joined and blocks apart. `shows` says whether to look into a node's child. */
export function textIn(element: Element, shows: (child: Node, parent: Element) => boolean): string {
  let text = '';
  let visits = 0;
  let isCut = false;
  const walk = (parent: Element): void => {
    for (let child = firstChild(parent); child && !isCut; child = nextSibling(child)) {
      isCut = ++visits > NODES_MAX || text.length > READ_UNITS_MAX;
      if (isCut || !shows(child, parent)) continue;
      const type = nodeType(child);
      if (type === Node.TEXT_NODE) {
        text += headOf(child, READ_UNITS_MAX);
        isCut = unitsOf(child) > READ_UNITS_MAX;
      } else if (type === Node.ELEMENT_NODE) {
        const gap = INLINE.test(localName(child as Element)) ? '' : ' ';
        text += gap;
        walk(child as Element);
        text += gap;
      }
    }
  };
  walk(element);
  return isCut ? text.replace(LAST_WORD, '') : text;
}

/** The texts that touch an inline element, before and after: a word may go on there. */
export function textAround(element: Element): [before: string, after: string] {
  let line: Element | null = element;
  for (let depth = 0; line && depth < DEPTH_MAX && INLINE.test(localName(line)); depth++) line = parentElement(line);
  const sides: [string, string] = ['', ''];
  if (!line || line === element) return sides;
  const texts = textsIn(line);
  for (const side of [0, 1] as const) {
    texts.currentNode = element;
    for (let n = 0; n < DEPTH_MAX && sides[side].length < ELEMENT_TEXT_UNITS_MAX; n++) {
      const node = side ? texts.nextSibling() : texts.previousSibling();
      if (!node) break;
      sides[side] = side
        ? sides[side] + headOf(node, ELEMENT_TEXT_UNITS_MAX)
        : tailOf(node, ELEMENT_TEXT_UNITS_MAX) + sides[side];
    }
  }
  return sides;
}

/** UTF-16 units of all text in a node, or of a range in it; at most `EDITOR_UNITS_MAX`, or what 200 pieces of text hold. */
export function unitsIn(root: Node, range?: Range): number {
  const texts = textsIn(root);
  const from = range?.startContainer;
  if (from) texts.currentNode = from;
  let node = from && nodeType(from) === Node.TEXT_NODE ? from : texts.nextNode();
  let units = 0;
  for (let n = 0; node && n < TEXTS_MAX && units < EDITOR_UNITS_MAX; n++, node = texts.nextNode()) {
    const reaches = !range || range.intersectsNode(node);
    if (!reaches && units) break;
    if (!reaches) continue;
    const end = node === range?.endContainer ? range.endOffset : unitsOf(node);
    units += end - (range && node === from ? range.startOffset : 0);
  }
  return Math.min(units, EDITOR_UNITS_MAX);
}
