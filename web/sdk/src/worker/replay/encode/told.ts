/** The changes of one message: by node, and told once, in the order that rrweb's player needs. */
import type { Noted } from './mirror.ts';
import { type Attributes, attributeOf, attributesOf, flat, type Masking, type Serialised } from './serialise.ts';
import { shownText } from './texts.ts';

interface Remove {
  parentId: number;
  id: number;
  isShadow?: true;
}

export interface Add {
  parentId: number;
  /** One of these: the first of a parent, which has none before it, tells the one after it, or null. */
  previousId?: number;
  nextId?: number | null;
  node: Serialised;
}

/** rrweb's mutation, without its source. */
export interface Mutation {
  texts: { id: number; value: string }[];
  attributes: { id: number; attributes: Attributes }[];
  removes: Remove[];
  adds: Add[];
}

export class Told {
  private removes: Remove[] = [];
  private fresh = new Set<Noted>();
  private texts = new Set<Noted>();
  private attributes = new Map<Noted, Set<string>>();

  /** A node is about to go. */
  removed(node: Noted): void {
    const { parent } = node;
    if (!node.shown || !parent) return;
    const tree = parent.kind === 'tree';
    const parentId = tree ? (parent.parent?.id ?? 0) : parent.id;
    this.removes.push({ parentId, id: node.id, ...(tree && { isShadow: true as const }) });
  }

  placed(node: Noted): void {
    this.fresh.add(node);
  }

  text(node: Noted): void {
    if (node.shown) this.texts.add(node);
  }

  attribute(node: Noted, ...names: string[]): void {
    if (!node.shown) return;
    const known = this.attributes.get(node);
    if (known) for (const name of names) known.add(name);
    else this.attributes.set(node, new Set(names));
  }

  /** Null: nothing that is shown has changed. */
  take(masking: Masking): Mutation | null {
    const mutation: Mutation = { texts: [], attributes: [], removes: this.removes, adds: [] };
    // What is shown, and was before it was added, is not told twice.
    for (const [node, names] of this.attributes)
      if (node.shown) mutation.attributes.push({ id: node.id, attributes: changed(node, names, masking) });
    for (const node of this.texts)
      if (node.shown) mutation.texts.push({ id: node.id, value: shownText(node, masking.choices) });
    for (const node of this.fresh) if (!node.shown && node.parent) this.add(node, mutation.adds, masking);
    this.removes = [];
    this.fresh = new Set();
    this.texts = new Set();
    this.attributes = new Map();
    const { texts, attributes, removes, adds } = mutation;
    return texts.length || attributes.length || removes.length || adds.length ? mutation : null;
  }

  /** Adds a node with all that is new around and in it: parents first, and each after the one that stands before it. */
  private add(node: Noted, adds: Add[], masking: Masking): void {
    let parent = node.parent as Noted;
    while (!isShown(parent) && parent.parent) parent = parent.parent;
    // Of a frame that is not whole yet, or of what is gone.
    if (!isShown(parent)) return;
    const waiting = [parent];
    for (let from = waiting.pop(); from; from = waiting.pop())
      for (let child = from.first; child; child = child.after) {
        if (child.shown) continue;
        adds.push({ ...placeOf(child, from), node: flat(child, masking) });
        if (child.tree) {
          child.tree.shown = true;
          waiting.push(child.tree);
        }
        waiting.push(child);
      }
  }
}

const isShown = (node: Noted): boolean => (node.kind === 'tree' ? !!node.parent?.shown : node.shown);

function placeOf({ before, after }: Noted, parent: Noted): Omit<Add, 'node'> {
  const parentId = parent.kind === 'tree' ? (parent.parent?.id ?? 0) : parent.id;
  if (before) return { parentId, previousId: before.id };
  let next = after;
  while (next && !next.shown) next = next.after;
  return { parentId, nextId: next?.id ?? null };
}

/** A sheet that is told anew is an element that is made anew, for which a player needs all of it. */
function changed(node: Noted, names: Set<string>, masking: Masking): Attributes {
  if (names.has('_cssText')) return attributesOf(node, masking);
  const attributes: Attributes = {};
  for (const name of names) {
    if (name === 'selected') attributes.selected = node.selected ? '' : null;
    else attributes[name] = attributeOf(node, name, masking);
  }
  return attributes;
}
