/** What changed since the page was told last: by node and not by change, so that what changes often is told once. */
import { ATTRIBUTES, FIELD, POPOVER, REMOVE, SCROLL, TEXT } from '../../shared/replay_rows.ts';
import { localName, nodeType, now } from '../natives.ts';
import type { Fields } from './fields.ts';
import { LEAF, textIn } from './nodes.ts';
import { addedNodes, isConnected, parentNode, removedNodes, scrollLeftOf, scrollTopOf, windowOf } from './platform.ts';
import type { Rows } from './rows.ts';
import type { Walk } from './walk.ts';

/** What is animated by its style is told so often. */
export const STYLE_EVERY_MS = 100;
/** Attributes by which other things are told of an element, so that it is told anew. */
const ANEW = /^(data-ct-(block|ignore|unmask)|popover)$/;
const FIELD_ATTRIBUTE = /^(value|checked|type)$/;

export class Changes {
  private moved = new Set<Node>();
  private texts = new Set<Node>();
  private attributes = new Map<Element, Set<string>>();
  private scrolled = new Set<Node>();
  private popovers = new Set<Element>();
  private styledAt = new WeakMap<Element, number>();

  constructor(
    private rows: Rows,
    private walk: Walk,
    private fields: Fields,
  ) {}

  forget(): void {
    for (const kept of [this.moved, this.texts, this.attributes, this.scrolled, this.popovers]) kept.clear();
  }

  /** Notes what a browser saw. Nodes that were not told yet will be told as they are then. */
  see(records: readonly MutationRecord[]): void {
    const { nodes } = this.walk;
    for (const record of records) {
      const { target, type } = record;
      const known = nodes.known(target);
      if (type === 'attributes') {
        if (known) this.attribute(target as Element, record.attributeName as string, record.attributeNamespace);
      } else if (type === 'characterData') {
        if (known) this.texts.add(target);
        else this.inside(parentNode(target));
      } else if (known) {
        if (nodeType(target) === Node.ELEMENT_NODE && LEAF.test(localName(target as Element))) this.inside(target);
        else if (!this.walk.isWaiting(target) && !nodes.isBox(target)) {
          for (const list of [addedNodes(record), removedNodes(record)])
            for (let n = 0; n < list.length; n++) this.moved.add(list[n] as Node);
        }
      }
    }
  }

  private attribute(element: Element, name: string, namespace: string | null): void {
    if (ANEW.test(name)) this.moved.add(element);
    const told = namespace && name === 'href' ? 'xlink:href' : name;
    const names = this.attributes.get(element);
    if (names) names.add(told);
    else this.attributes.set(element, new Set([told]));
  }

  /** Something changed in what is told as a whole. */
  private inside(leaf: Node | null): void {
    if (!leaf || !this.walk.nodes.known(leaf)) return;
    const tag = localName(leaf as Element);
    if (tag === 'style') this.walk.sheet(leaf as Element);
    else if (tag === 'textarea') this.fields.happened(leaf as Element);
  }

  scroll(target: Node): void {
    if (this.walk.nodes.known(target)) this.scrolled.add(target);
  }

  toggle(popover: Element): void {
    if (this.walk.nodes.known(popover)) this.popovers.add(popover);
  }

  /** Tells what is gone, and has the walk tell where the moved ones stand now. */
  move(): void {
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

  /** Tells the rest. False: something of it waits for its time. */
  tell(): boolean {
    const { rows, walk, fields } = this;
    const { nodes } = walk;
    for (const text of this.texts) {
      if (!isConnected(text)) continue;
      rows.put(TEXT);
      rows.put(nodes.known(text));
      rows.string(textIn(text));
    }
    this.texts.clear();
    const at = now();
    for (const [element, names] of this.attributes) {
      if (this.waits(element, names, at)) continue;
      this.attributes.delete(element);
      if (isConnected(element)) this.tellAttributes(element, names);
    }
    for (const target of this.scrolled) this.tellScroll(target);
    this.scrolled.clear();
    for (const popover of this.popovers) {
      rows.put(POPOVER);
      rows.put(nodes.known(popover));
      nodes.popover(popover);
    }
    this.popovers.clear();
    fields.look();
    return !this.attributes.size;
  }

  /** Whether only the style changed, and was told a moment ago. */
  private waits(element: Element, names: Set<string>, at: number): boolean {
    if (!names.has('style')) return false;
    if (names.size === 1 && at - (this.styledAt.get(element) ?? Number.NEGATIVE_INFINITY) < STYLE_EVERY_MS) return true;
    this.styledAt.set(element, at);
    return false;
  }

  private tellAttributes(element: Element, names: Set<string>): void {
    const { rows, fields } = this;
    const { nodes } = this.walk;
    const tag = localName(element);
    const box = nodes.isBox(element);
    rows.put(ATTRIBUTES);
    rows.put(nodes.known(element));
    const place = rows.place;
    rows.put(0);
    let count = 0;
    for (const name of names) if ((!box || name === 'class') && nodes.attribute(element, name)) count++;
    if (tag === 'dialog' && names.has('open') && !box && nodes.dialog(element)) count++;
    rows.set(place, count);
    if (box) return;
    if (fields.has(tag) && [...names].some((name) => FIELD_ATTRIBUTE.test(name))) {
      rows.put(FIELD);
      rows.put(nodes.known(element));
      fields.tell(element, tag);
    }
    if (tag === 'link' && (names.has('href') || names.has('rel'))) this.walk.sheet(element);
  }

  private tellScroll(target: Node): void {
    const { rows, walk } = this;
    const page = nodeType(target) === Node.DOCUMENT_NODE ? windowOf(target as Document) : null;
    if (!page && (nodeType(target) !== Node.ELEMENT_NODE || walk.nodes.isBox(target))) return;
    rows.put(SCROLL);
    rows.put(walk.nodes.known(target));
    rows.put(page ? page.scrollX : scrollLeftOf(target));
    rows.put(page ? page.scrollY : scrollTopOf(target));
  }
}
