/**
 * The walk: what stands in a node is told child by child, and of each child later what stands in it. Between two nodes it may
 * pause, and the page may change: what is still to be visited is told as it is then; what was told and has changed since is told
 * again by `changes.ts`.
 */
import { CHILDREN, FRAME, FRAME_END, PLACE, REMOVE, SHADOW } from '../../shared/replay_rows.ts';
import { baseOf, firstChild, isConnected, nextSibling, rootElement, shadowRootOf } from '../natives.ts';
import { meetShadows } from '../privacy.ts';
import type { Fields } from './fields.ts';
import { nodesOf } from './nodes.ts';
import { documentIn, isQuirky, parentNode, previousSibling } from './platform.ts';
import type { Rows } from './rows.ts';

export type Walk = ReturnType<typeof walkOf>;

/** `meet`: a document or shadow tree was met; `sheet`: an element that has a style sheet. */
export function walkOf(rows: Rows, fields: Fields, meet: (root: Node) => void, sheet: (owner: Element) => void) {
  const nodes = nodesOf(rows, { parent, shadow, frame, sheet }, fields);
  /** Nodes of which is to be told what stands in them; the last one is next. */
  let parents: Node[] = [];
  /** The same, when somebody asks. */
  let waiting: Set<Node> | null = null;
  /** What stands in it was told as far as `last`; null: what was told is not true any more. */
  let partly: Node | null = null;
  let last: Node | null = null;
  let frames: Element[] = [];
  /** The number of the document in a frame that is being told. */
  let inFrame = 0;
  let documents = new WeakMap<Element, Document>();
  /** Nodes that are to be told where they stand now, and those of them that were. */
  let moved = new Set<Node>();
  let queue = moved.values();
  let placed = new Set<Node>();
  /** One of them whose turn ended before it was told. */
  let again: Node | null = null;
  /** Nothing around it is among them: that of the one before is mostly that of the next. */
  let still: Node | null = null;

  function forget(): void {
    parents = [];
    waiting = partly = last = null;
    frames = [];
    inFrame = 0;
    documents = new WeakMap();
    place(new Set());
    nodes.forget();
  }

  function parent(node: Node): void {
    parents.push(node);
    waiting?.add(node);
  }

  function shadow(root: ShadowRoot, host: Element): void {
    meetShadows();
    nodes.hosts.add(host);
    meet(root);
    parent(root);
  }

  function frame(frame: Element): void {
    documents.delete(frame);
    frames.push(frame);
  }

  /** What stands in a node changed. True: that is still to be told, as it is then. */
  function changed(node: Node): boolean {
    if (node === partly) {
      last = null;
      return true;
    }
    if (!parents.length) return false;
    waiting ??= new Set(parents);
    return waiting.has(node);
  }

  /** A shadow tree was attached to an element that is told already. */
  function attached(host: Element): void {
    const root = shadowRootOf(host);
    const id = nodes.known(host);
    if (!root || !id || nodes.isBox(host) || nodes.known(root)) return;
    rows.row(SHADOW, id, nodes.number(root));
    shadow(root, host);
  }

  /** Another document may be in the frame. */
  function loaded(frame: Element): void {
    if (nodes.known(frame) && !nodes.isBox(frame)) frames.push(frame);
  }

  /** These are told where they stand now, if they do. */
  function place(nodes: Set<Node>): void {
    moved = nodes;
    again = null;
    queue = nodes.values();
    placed = new Set();
  }

  /** Goes on. False: there is more; `late` says when to stop. */
  function work(late: () => boolean): boolean {
    waiting = still = null;
    for (;;) {
      const parent = partly ?? parents.pop();
      if (parent) children(parent, late);
      else if (inFrame) {
        rows.row(FRAME_END, inFrame);
        inFrame = 0;
      } else {
        const node: Node | undefined = again ?? queue.next().value;
        if (node) placeRun(node, late);
        else if (frames.length) begin(frames.shift() as Element);
        else return true;
      }
      if (late()) return false;
    }
  }

  function children(parent: Node, late: () => boolean): void {
    const after = last;
    // What changes while it is told is told again in one go, lest it never ends.
    const whole = !!partly && !after;
    partly = last = null;
    rows.put(after ? PLACE : CHILDREN);
    rows.put(nodes.number(parent));
    if (after) rows.put(nodes.known(after));
    const slotted = nodes.hosts.has(parent);
    let { length } = parents;
    for (let child = after ? nextSibling(after) : firstChild(parent); child; child = nextSibling(child)) {
      if (!nodes.tell(child, slotted) || whole || !late()) continue;
      partly = parent;
      last = child;
      break;
    }
    nodes.endList(after || partly || parents.length > length ? null : parent);
    // The first of them is next: what is seen of a page stands at its beginning, and a page that ends may be told in part. Nothing is
    // seen of the head.
    if (parent !== rootElement(document))
      for (let end = parents.length; length < --end; length++)
        [parents[length], parents[end]] = [parents[end] as Node, parents[length] as Node];
  }

  function begin(frame: Element): void {
    const inner = documentIn(frame);
    if (documents.get(frame) === inner) return;
    if (inner) {
      documents.set(frame, inner);
      meet(inner);
      inFrame = nodes.number(inner);
      rows.row(FRAME, nodes.known(frame), inFrame, isQuirky(inner));
      rows.string(baseOf(inner));
      parent(inner);
    } else if (documents.delete(frame)) {
      // It shows another site now, or nothing: what it showed before is gone.
      rows.row(REMOVE, nodes.leave(frame));
      place(new Set([frame]));
    }
  }

  /** Tells a node with those beside it that wait as well, in their order, as far as there is time: the others come in their turn. */
  function placeRun(node: Node, late: () => boolean): void {
    again = null;
    const parent = parentNode(node);
    if (placed.has(node) || !parent) return;
    // What stands in a box is not told; what stands in something that is told anew is told with it.
    if (parent !== still) {
      if (!isConnected(parent) || !nodes.known(parent) || nodes.isBox(parent)) return;
      for (let around: Node | null = parent; around; around = parentNode(around)) if (moved.has(around)) return;
      still = parent;
    }
    let first = node;
    let before = previousSibling(first);
    for (; before && moved.has(before) && !placed.has(before); before = previousSibling(first)) first = before;
    while (before && !nodes.known(before)) before = previousSibling(before);
    rows.row(PLACE, nodes.known(parent), before ? nodes.known(before) : 0);
    const slotted = nodes.hosts.has(parent);
    for (let next: Node | null = first; next && moved.has(next); next = nextSibling(next)) {
      placed.add(next);
      if (!nodes.tell(next, slotted) || !late()) continue;
      // Those between are told before it.
      if (!placed.has(node)) again = node;
      break;
    }
    nodes.endList(null);
  }

  return { nodes, sheet, forget, parent, changed, attached, loaded, place, work };
}
