/**
 * The walk: what stands in a node is told child by child, and of each child later what stands in it. Between two nodes it may
 * pause, and the page may change: what is still to be visited is told as it is then; what was told and has changed since is told
 * again by `changes.ts`.
 */
import { CHILDREN, FRAME, FRAME_END, PLACE, SHADOW } from '../../shared/replay_rows.ts';
import { firstChild, nextSibling, nodeType, shadowRootOf } from '../natives.ts';
import type { Fields } from './fields.ts';
import { type Found, Nodes } from './nodes.ts';
import { documentIn, isConnected, modeOf, parentNode, previousSibling } from './platform.ts';
import type { Rows } from './rows.ts';

export class Walk implements Found {
  readonly nodes: Nodes;
  /** Nodes of which is to be told what stands in them; the last one is next. */
  private parents: Node[] = [];
  private waiting = new Set<Node>();
  private frames: Element[] = [];
  /** The number of the document in a frame that is being told. */
  private inFrame = 0;
  private documents = new WeakMap<Element, Document>();
  /** Nodes that are to be told where they stand now, and those of them that were. */
  private moved = new Set<Node>();
  private queue = this.moved.values();
  private placed = new Set<Node>();

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
    this.waiting = new Set();
    this.frames = [];
    this.inFrame = 0;
    this.documents = new WeakMap();
    this.place(new Set());
    this.nodes.forget();
  }

  parent(node: Node): void {
    this.parents.push(node);
    this.waiting.add(node);
  }

  shadow(root: ShadowRoot): void {
    this.nodes.number(root);
    this.root(root);
    this.parent(root);
  }

  frame(frame: Element): void {
    this.documents.delete(frame);
    this.frames.push(frame);
  }

  /** Its children will be told as they are then. */
  isWaiting(node: Node): boolean {
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
    this.shadow(root);
  }

  /** Another document may be in the frame. */
  loaded(frame: Element): void {
    if (this.nodes.known(frame) && !this.nodes.isBox(frame)) this.frames.push(frame);
  }

  /** These are told where they stand now, if they do. */
  place(nodes: Set<Node>): void {
    this.moved = nodes;
    this.queue = nodes.values();
    this.placed = new Set();
  }

  /** Goes on. False: there is more; `late` says when to stop. */
  work(late: () => boolean): boolean {
    for (;;) {
      const parent = this.parents.pop();
      if (parent) this.children(parent);
      else if (this.inFrame) {
        this.rows.put(FRAME_END);
        this.rows.put(this.inFrame);
        this.inFrame = 0;
      } else {
        const next = this.queue.next();
        if (!next.done) this.placeRun(next.value);
        else if (this.frames.length) this.begin(this.frames.shift() as Element);
        else return true;
      }
      if (late()) return false;
    }
  }

  private children(parent: Node): void {
    this.waiting.delete(parent);
    const { nodes, rows } = this;
    rows.put(CHILDREN);
    rows.put(nodes.number(parent));
    const slotted = nodeType(parent) === Node.ELEMENT_NODE && !!shadowRootOf(parent as Element);
    for (let child = firstChild(parent); child; child = nextSibling(child)) nodes.tell(child, slotted);
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

  /** Tells a node with those beside it that wait as well, in their order. */
  private placeRun(node: Node): void {
    const parent = parentNode(node);
    if (this.placed.has(node) || !parent || !isConnected(node)) return;
    const { nodes, rows } = this;
    // What stands in a box is not told; what stands in something that is told anew is told with it.
    if (!nodes.known(parent) || nodes.isBox(parent) || this.isWaiting(parent) || this.isWithinMoved(parent)) return;
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
    const slotted = nodeType(parent) === Node.ELEMENT_NODE && !!shadowRootOf(parent as Element);
    for (let next: Node | null = first; next && this.moved.has(next); next = nextSibling(next)) {
      this.placed.add(next);
      nodes.tell(next, slotted);
    }
    rows.put(0);
  }

  private isWithinMoved(parent: Node): boolean {
    for (let around: Node | null = parent; around; around = parentNode(around)) if (this.moved.has(around)) return true;
    return false;
  }
}
