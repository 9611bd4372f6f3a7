/** What changed since the page was told last: by node and not by change, so that what changes often is told once. */
import { ATTRIBUTES, FIELD, POPOVER, REMOVE, SCROLL, TEXT } from '../../shared/replay_rows.ts';
import { hasAttribute, localName, nodeType, now, scrollLeftOf, scrollTopOf } from '../natives.ts';
import { isBlocked } from '../privacy.ts';
import type { Fields } from './fields.ts';
import { textIn, traitsOf } from './nodes.ts';
import { addedNodes, assignedTo, parentNode, removedNodes, slotsIn, windowOf } from './platform.ts';
import type { Rows } from './rows.ts';
import type { Walk } from './walk.ts';

/** What is animated by its style is told so often. */
export const STYLE_EVERY_MS = 100;
/** Changes wait for a turn in so many lists of a browser's; beyond that all are noted at once. */
const LISTS_MAX = 100;
/** By these other things are told of an element, so that it is told anew. */
const ANEW = /^(popover|slot|data-ct-.*)$/;
const FIELD_ATTRIBUTE = /^(value|checked|type)$/;

export type Changes = ReturnType<typeof changesOf>;

export function changesOf(rows: Rows, walk: Walk, fields: Fields) {
  const { nodes } = walk;
  /** What a browser saw, and how many of the first list are noted. */
  let seen: (readonly MutationRecord[])[] = [];
  let noted = 0;
  const moved = new Set<Node>();
  /** Some of them were told before. */
  let moves = false;
  /** Those of them of which it is told that they are no longer where they were. */
  let gone = new Set<Node>();
  const texts = new Set<Node>();
  const attributes = new Map<Element, string[]>();
  const others = new Set<Node>();
  const styledAt = new WeakMap<Element, number>();

  function forget(): void {
    seen = [];
    noted = 0;
    for (const kept of [moved, gone, texts, attributes, others]) kept.clear();
  }

  function see(records: readonly MutationRecord[]): void {
    seen.push(records);
  }

  /** Notes what was seen. False: there is more; `late` says when to stop. */
  function note(late: () => boolean): boolean {
    for (let [list] = seen; list; [list] = seen) {
      while (noted < list.length) {
        noteOne(list[noted++] as MutationRecord);
        if (late() && seen.length < LISTS_MAX) return false;
      }
      seen.shift();
      noted = 0;
    }
    return true;
  }

  /** Nodes that were not told yet will be told as they are then. */
  function noteOne(record: MutationRecord): void {
    const { target, attributeName } = record;
    if (attributeName !== null) {
      if (nodes.known(target)) attribute(target as Element, attributeName, record);
    } else if (record.type === 'characterData') texts.add(target);
    else if (nodes.known(target)) {
      if (nodes.part(target)) return;
      if (nodeType(target) === Node.ELEMENT_NODE && traitsOf(localName(target as Element)).leaf) inside(target);
      else if (!walk.changed(target) && !nodes.isBox(target)) {
        move(addedNodes(record), true);
        move(removedNodes(record));
      }
    }
  }

  function attribute(element: Element, name: string, record: MutationRecord): void {
    if (ANEW.test(name)) {
      again(element);
      slots(element);
    }
    const names = attributes.get(element) ?? [];
    attributes.set(element, names);
    // Of another namespace it may have a prefix, of which a record says nothing.
    for (const told of record.attributeNamespace ? [name, 'xlink:href'] : [name])
      if (!names.includes(told)) names.push(told);
  }

  function again(node: Node): void {
    moved.add(node);
    moves = true;
  }

  /** Slots are here: what they show is told anew where it came into a block, or out of one. */
  function slots(here: Element): void {
    for (const slot of localName(here) === 'slot' ? [here] : slotsIn(here, 'slot')) {
      const blocked = isBlocked(slot);
      if (blocked || nodes.veils())
        for (const node of assignedTo(slot) as Node[])
          if (nodes.isVeiled(node) !== blocked) {
            again(node);
            if (nodeType(node) === Node.ELEMENT_NODE) slots(node as Element);
          }
    }
  }

  /** Something changed in what is told as a whole. */
  function inside(leaf: Node | null): void {
    if (!leaf || !nodes.known(leaf)) return;
    const tag = localName(leaf as Element);
    if (tag === 'style') walk.sheet(leaf as Element);
    else if (tag === 'textarea') fields.happened(leaf as Element);
  }

  /** It scrolled, or is a popover that opened or closed. */
  function stirred(target: Node): void {
    others.add(target);
  }

  function move(list: NodeList, added = false): void {
    for (let n = 0; n < list.length; n++) {
      const node = list[n] as Node;
      moved.add(node);
      if (added && nodes.known(node)) moves = true;
    }
  }

  /** Tells what is gone, and has the walk tell where the moved ones stand now. False: there is more; `late` says when to stop. */
  function place(late?: () => boolean): boolean {
    for (const node of moved) {
      moved.delete(node);
      gone.add(node);
      const id = nodes.leave(node);
      if (id) rows.row(REMOVE, id);
      if (late?.()) return false;
    }
    moves = false;
    walk.place(gone);
    gone = new Set();
    return true;
  }

  /** Tells the rest, of what is gone too: nobody knows it any more. Before its time if `all`. False: there is more; `late` says when to stop. */
  function tell(late: () => boolean, all: boolean): boolean {
    for (const text of texts) {
      texts.delete(text);
      const id = nodes.known(text);
      if (id) {
        rows.row(TEXT, id);
        rows.string(textIn(text));
      } else inside(parentNode(text));
      if (late()) return false;
    }
    const at = now();
    for (const [element, names] of attributes) {
      if (isEarly(element, names, at) && !all) continue;
      attributes.delete(element);
      tellAttributes(element, names);
      if (late()) return false;
    }
    for (const target of others) tellState(target);
    others.clear();
    return true;
  }

  /** Whether only the style changed, and was told a moment ago. */
  function isEarly(element: Element, names: string[], at: number): boolean {
    if (!names.includes('style')) return false;
    if (names.length === 1 && at - (styledAt.get(element) ?? -STYLE_EVERY_MS) < STYLE_EVERY_MS) return true;
    styledAt.set(element, at);
    return false;
  }

  function tellAttributes(element: Element, names: string[]): void {
    const tag = localName(element);
    const box = nodes.isBox(element);
    const id = nodes.known(element);
    rows.row(ATTRIBUTES, id);
    nodes.attributes(element, tag, names, box);
    if (box) return;
    if (traitsOf(tag).field && names.some((name) => FIELD_ATTRIBUTE.test(name))) {
      rows.row(FIELD, id);
      fields.tell(element);
    }
    if (tag === 'link' && (names.includes('href') || names.includes('rel'))) walk.sheet(element);
  }

  function tellState(target: Node): void {
    const id = nodes.known(target);
    const page = nodeType(target) === Node.DOCUMENT_NODE ? windowOf(target as Document) : null;
    if (!id || (!page && (nodeType(target) !== Node.ELEMENT_NODE || nodes.isBox(target)))) return;
    rows.row(SCROLL, id, page ? page.scrollX : scrollLeftOf(target), page ? page.scrollY : scrollTopOf(target));
    if (page || !hasAttribute(target, 'popover')) return;
    rows.row(POPOVER, id);
    nodes.popover(target as Element);
  }

  return {
    forget,
    see,
    note,
    slots,
    stirred,
    place,
    tell,
    /** Nodes that were told before stand elsewhere. */
    moves: () => moves,
    /** Something waits for its time. */
    waits: () => attributes.size > 0,
  };
}
