/**
 * The walk: what stands in a node is told child by child, and of each child later what stands in it. Between two nodes it may
 * pause, and the page may change: what is still to be visited is told as it is then; what was told and has changed since is told
 * again by `changes.ts`.
 */
import { CHILDREN, FRAME, FRAME_END, PLACE, SHADOW } from '../../shared/replay_rows.ts';
import { firstChild, nextSibling, shadowRootOf } from '../natives.ts';
import type { Fields } from './fields.ts';
import { type Found, Nodes } from './nodes.ts';
import { documentIn, isConnected, modeOf, parentNode, previousSibling } from './platform.ts';
import type { Rows } from './rows.ts';

export class Walk implements Found {
  readonly nodes: Nodes;
  /** Nodes of which is to be told what stands in them; the last one is next. */
  private parents: Node[] = [];
  /** The same, when somebody asks. */
  private waiting: Set<Node> | null = null;
  /** What stands in it was told as far as `last`; null: what was told is not true any more. */
  private partly: Node | null = null;
  private last: Node | null = null;
  private frames: Element[] = [];
  /** The number of the document in a frame that is being told. */
  private inFrame = 0;
  private documents = new WeakMap<Element, Document>();
  /** Nodes that are to be told where they stand now, and those of them that were. */
  private moved = new Set<Node>();
  private queue = this.moved.values();
  private placed = new Set<Node>();
  /** One of them whose turn ended before it was told. */
  private again: Node | null = null;
  /** Nothing around it is among them: that of the one before is mostly that of the next. */
  private still: Node | null = null;

  /** `root`: a document or shadow tree was met. */
  constructor(
    private rows: Rows,
    fields: Fields,
    private readonly root: (root: Node) => void,
    readonly sheet: (owner: Element) => void,
  ) {
    this.nodes = new Nodes(rows, this, fields);
  }

  forget(): void {
    this.parents = [];
    this.waiting = this.partly = this.last = null;
    this.frames = [];
    this.inFrame = 0;
    this.documents = new WeakMap();
    this.place(new Set());
    this.nodes.forget();
  }

  parent(node: Node): void {
    this.parents.push(node);
    this.waiting?.add(node);
  }

  shadow(root: ShadowRoot, host: Element): void {
    this.nodes.hosts.add(host);
    this.root(root);
    this.parent(root);
  }

  frame(frame: Element): void {
    this.documents.delete(frame);
    this.frames.push(frame);
  }

  /** What stands in a node changed. True: that is still to be told, as it is then. */
  changed(node: Node): boolean {
    if (node === this.partly) {
      this.last = null;
      return true;
    }
    if (!this.parents.length) return false;
    this.waiting ??= new Set(this.parents);
    return this.waiting.has(node);
  }

  /** A shadow tree was attached to an element that is told already. */
  attached(host: Element): void {
    const root = shadowRootOf(host);
    const id = this.nodes.known(host);
    if (!root || !id || this.nodes.known(root)) return;
    this.rows.put(SHADOW);
    this.rows.put(id);
    this.rows.put(this.nodes.number(root));
    this.shadow(root, host);
  }

  /** Another document may be in the frame. */
  loaded(frame: Element): void {
    if (this.nodes.known(frame) && !this.nodes.isBox(frame)) this.frames.push(frame);
  }

  /** These are told where they stand now, if they do. */
  place(nodes: Set<Node>): void {
    this.moved = nodes;
    this.again = null;
    this.queue = nodes.values();
    this.placed = new Set();
  }

  /** Goes on. False: there is more; `late` says when to stop. */
  work(late: () => boolean): boolean {
    this.waiting = this.still = null;
    for (;;) {
      const parent = this.partly ?? this.parents.pop();
      if (parent) this.children(parent, late);
      else if (this.inFrame) {
        this.rows.put(FRAME_END);
        this.rows.put(this.inFrame);
        this.inFrame = 0;
      } else {
        const node: Node | undefined = this.again ?? this.queue.next().value;
        if (node) this.placeRun(node, late);
        else if (this.frames.length) this.begin(this.frames.shift() as Element);
        else return true;
      }
      if (late()) return false;
    }
  }

  private children(parent: Node, late: () => boolean): void {
    const { nodes, rows, last } = this;
    // What changes while it is told is told again in one go, lest it never ends.
    const whole = !!this.partly && !last;
    this.partly = this.last = null;
    rows.put(last ? PLACE : CHILDREN);
    rows.put(nodes.number(parent));
    if (last) rows.put(nodes.known(last));
    const slotted = nodes.hosts.has(parent);
    for (let child = last ? nextSibling(last) : firstChild(parent); child; child = nextSibling(child)) {
      if (!nodes.tell(child, slotted) || whole || !late()) continue;
      this.partly = parent;
      this.last = child;
      break;
    }
    rows.put(0);
  }

  private begin(frame: Element): void {
    const inner = isConnected(frame) ? documentIn(frame) : null;
    if (!inner || this.documents.get(frame) === inner) return;
    this.documents.set(frame, inner);
    this.root(inner);
    const { nodes, rows } = this;
    this.inFrame = nodes.number(inner);
    rows.put(FRAME);
    rows.put(nodes.known(frame));
    rows.put(this.inFrame);
    rows.put(Number(modeOf(inner) === 'BackCompat'));
    this.parent(inner);
  }

  /** Tells a node with those beside it that wait as well, in their order, as far as there is time: the others come in their turn. */
  private placeRun(node: Node, late: () => boolean): void {
    this.again = null;
    const parent = parentNode(node);
    if (this.placed.has(node) || !parent || !isConnected(node)) return;
    const { nodes, rows } = this;
    // What stands in a box is not told; what stands in something that is told anew is told with it.
    if (parent !== this.still) {
      if (!nodes.known(parent) || nodes.isBox(parent)) return;
      for (let around: Node | null = parent; around; around = parentNode(around)) if (this.moved.has(around)) return;
      this.still = parent;
    }
    let first = node;
    for (let before = previousSibling(first); before; before = previousSibling(first)) {
      if (!this.moved.has(before) || this.placed.has(before)) break;
      first = before;
    }
    let before = previousSibling(first);
    while (before && !nodes.known(before)) before = previousSibling(before);
    rows.put(PLACE);
    rows.put(nodes.known(parent));
    rows.put(before ? nodes.known(before) : 0);
    const slotted = nodes.hosts.has(parent);
    for (let next: Node | null = first; next && this.moved.has(next); next = nextSibling(next)) {
      this.placed.add(next);
      if (!nodes.tell(next, slotted) || !late()) continue;
      // Those between are told before it.
      if (!this.placed.has(node)) this.again = node;
      break;
    }
    rows.put(0);
  }
}
