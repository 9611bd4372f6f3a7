/** What changed since the page was told last: by node and not by change, so that what changes often is told once. */
import { ATTRIBUTES, FIELD, POPOVER, REMOVE, SCROLL, TEXT } from '../../shared/replay_rows.ts';
import { hasAttribute, localName, nodeType, now } from '../natives.ts';
import type { Fields } from './fields.ts';
import { textIn, traitsOf } from './nodes.ts';
import { addedNodes, parentNode, removedNodes, scrollLeftOf, scrollTopOf, windowOf } from './platform.ts';
import type { Rows } from './rows.ts';
import type { Walk } from './walk.ts';

/** What is animated by its style is told so often. */
export const STYLE_EVERY_MS = 100;
/** Changes wait for a turn in so many lists of a browser's; beyond that all are noted at once. */
const LISTS_MAX = 100;
/** Begins attributes by which other things are told of an element, so that it is told anew. */
const OURS = 'data-ct-';
const FIELD_ATTRIBUTE = /^(value|checked|type)$/;

export class Changes {
  /** What a browser saw, and how many of the first list are noted. */
  private seen: (readonly MutationRecord[])[] = [];
  private noted = 0;
  private moved = new Set<Node>();
  private texts = new Set<Node>();
  private attributes = new Map<Element, string[]>();
  private others = new Set<Node>();
  private styledAt = new WeakMap<Element, number>();

  constructor(
    private rows: Rows,
    private walk: Walk,
    private fields: Fields,
  ) {}

  forget(): void {
    this.seen = [];
    this.noted = 0;
    for (const kept of [this.moved, this.texts, this.attributes, this.others]) kept.clear();
  }

  see(records: readonly MutationRecord[]): void {
    this.seen.push(records);
  }

  /** Notes what was seen. False: there is more; `late` says when to stop. */
  note(late: () => boolean): boolean {
    for (let [list] = this.seen; list; [list] = this.seen) {
      while (this.noted < list.length) {
        this.noteOne(list[this.noted++] as MutationRecord);
        if (late() && this.seen.length < LISTS_MAX) return false;
      }
      this.seen.shift();
      this.noted = 0;
    }
    return true;
  }

  /** Nodes that were not told yet will be told as they are then. */
  private noteOne(record: MutationRecord): void {
    const { target, attributeName } = record;
    const { nodes } = this.walk;
    const known = nodes.known(target);
    if (attributeName !== null) {
      if (known) this.attribute(target as Element, attributeName, record);
    } else if (record.type === 'characterData') {
      if (known) this.texts.add(target);
      else this.inside(parentNode(target));
    } else if (known) {
      if (nodeType(target) === Node.ELEMENT_NODE && traitsOf(localName(target as Element)).leaf) this.inside(target);
      else if (!this.walk.changed(target) && !nodes.isBox(target)) {
        this.move(addedNodes(record));
        this.move(removedNodes(record));
      }
    }
  }

  private attribute(element: Element, name: string, record: MutationRecord): void {
    if (name === 'popover' || name.startsWith(OURS)) this.moved.add(element);
    const told = name === 'href' && record.attributeNamespace ? 'xlink:href' : name;
    const names = this.attributes.get(element);
    if (!names) this.attributes.set(element, [told]);
    else if (!names.includes(told)) names.push(told);
  }

  /** Something changed in what is told as a whole. */
  private inside(leaf: Node | null): void {
    if (!leaf || !this.walk.nodes.known(leaf)) return;
    const tag = localName(leaf as Element);
    if (tag === 'style') this.walk.sheet(leaf as Element);
    else if (tag === 'textarea') this.fields.happened(leaf as Element);
  }

  /** It scrolled, or is a popover that opened or closed. */
  stirred(target: Node): void {
    this.others.add(target);
  }

  private move(list: NodeList): void {
    for (let n = 0; n < list.length; n++) this.moved.add(list[n] as Node);
  }

  /** Tells what is gone, and has the walk tell where the moved ones stand now. */
  place(): void {
    const { rows, walk } = this;
    const { moved } = this;
    this.moved = new Set();
    for (const node of moved) {
      const id = walk.nodes.known(node);
      if (!id) continue;
      rows.put(REMOVE);
      rows.put(id);
    }
    walk.place(moved);
  }

  /** Something waits for its time. */
  get waits(): boolean {
    return this.attributes.size > 0;
  }

  /** Tells the rest, of what is gone too: nobody knows it any more. Before its time if `all`. False: there is more; `late` says when to stop. */
  tell(late: () => boolean, all: boolean): boolean {
    const { rows } = this;
    const { nodes } = this.walk;
    for (const text of this.texts) {
      this.texts.delete(text);
      rows.put(TEXT);
      rows.put(nodes.known(text));
      rows.string(textIn(text));
      if (late()) return false;
    }
    const at = now();
    for (const element of this.attributes.keys()) {
      const names = this.attributes.get(element) as string[];
      if (this.isEarly(element, names, at) && !all) continue;
      this.attributes.delete(element);
      this.tellAttributes(element, names);
      if (late()) return false;
    }
    for (const target of this.others) this.tellState(target);
    this.others.clear();
    return true;
  }

  /** Whether only the style changed, and was told a moment ago. */
  private isEarly(element: Element, names: string[], at: number): boolean {
    if (!names.includes('style')) return false;
    if (names.length === 1 && at - (this.styledAt.get(element) ?? Number.NEGATIVE_INFINITY) < STYLE_EVERY_MS)
      return true;
    this.styledAt.set(element, at);
    return false;
  }

  private tellAttributes(element: Element, names: string[]): void {
    const { rows, fields } = this;
    const { nodes } = this.walk;
    const tag = localName(element);
    const box = nodes.isBox(element);
    rows.put(ATTRIBUTES);
    rows.put(nodes.known(element));
    nodes.attributes(element, tag, names, box);
    if (box) return;
    if (traitsOf(tag).field && names.some((name) => FIELD_ATTRIBUTE.test(name))) {
      rows.put(FIELD);
      rows.put(nodes.known(element));
      fields.tell(element, tag);
    }
    if (tag === 'link' && (names.includes('href') || names.includes('rel'))) this.walk.sheet(element);
  }

  private tellState(target: Node): void {
    const { rows } = this;
    const { nodes } = this.walk;
    const id = nodes.known(target);
    const page = nodeType(target) === Node.DOCUMENT_NODE ? windowOf(target as Document) : null;
    if (!id || (!page && (nodeType(target) !== Node.ELEMENT_NODE || nodes.isBox(target)))) return;
    rows.put(SCROLL);
    rows.put(id);
    rows.put(page ? page.scrollX : scrollLeftOf(target));
    rows.put(page ? page.scrollY : scrollTopOf(target));
    if (page || !hasAttribute(target, 'popover')) return;
    rows.put(POPOVER);
    rows.put(id);
    nodes.popover(target as Element);
  }
}
