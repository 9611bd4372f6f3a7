/** The recorded page as the worker knows it: what masks look around in, and what changes are told against. */

export type Kind = 'document' | 'doctype' | 'element' | 'text' | 'tree';

/** What of a field's value may be known. */
export interface Field {
  checked: boolean;
  text: string;
}

/** A node; a `tree` is a shadow root. Texts and attributes are as the page has them: they are masked when they are written. */
export class Noted {
  /** Of a shadow tree, or a frame's document: its element. */
  parent: Noted | null = null;
  before: Noted | null = null;
  after: Noted | null = null;
  first: Noted | null = null;
  last: Noted | null = null;
  /** Of an element: its shadow tree, and the document of a frame. */
  tree: Noted | null = null;
  content: Noted | null = null;
  /** The document it stands in; of one, itself. */
  document: Noted = this;
  /** Of a frame's document: what addresses in it are relative to. */
  base = '';
  /** Who watches the recording has it. */
  shown = false;
  /** A name, or the text of a text; of a doctype also its identifiers. */
  text = '';
  identifiers: [publicId: string, systemId: string] = ['', ''];
  attributes = new Map<string, string>();
  svg = false;
  custom = false;
  blocked = false;
  quirks = false;
  selected = false;
  field: Field | null = null;
  scroll: [x: number, y: number] | null = null;
  box: [width: number, height: number] | null = null;
  popover = '';
  media: Record<string, string | number | boolean> | null = null;
  /** Masked rules of its style sheet; null: it was not told. */
  rules: string[] | null = null;
  /** Whether it may hold what a person typed or chose; undefined: not looked at yet. */
  personal?: boolean;

  constructor(
    readonly kind: Kind,
    readonly id: number,
  ) {}
}

export class Mirror {
  private nodes = new Map<number, Noted>();

  get(id: number): Noted | undefined {
    return this.nodes.get(id);
  }

  /** Puts a node, whose children come later, into `parent` after `before`, or first. */
  insert(node: Noted, parent: Noted, before: Noted | null): void {
    this.nodes.set(node.id, node);
    node.parent = parent;
    node.document = parent.document;
    const after = before ? before.after : parent.first;
    node.before = before;
    node.after = after;
    if (before) before.after = node;
    else parent.first = node;
    if (after) after.before = node;
    else parent.last = node;
  }

  /** A shadow tree, or a document. */
  root(node: Noted, host: Noted | null): void {
    this.nodes.set(node.id, node);
    node.parent = host;
    if (host && node.kind === 'tree') node.document = host.document;
  }

  /** Takes a node away, with all that stands in it. */
  remove(node: Noted): void {
    const { parent, before, after } = node;
    if (parent?.tree === node) parent.tree = null;
    else if (parent?.content === node) parent.content = null;
    else if (parent) {
      if (before) before.after = after;
      else parent.first = after;
      if (after) after.before = before;
      else parent.last = before;
    }
    node.parent = node.before = node.after = null;
    // In a loop: nodes may lie deep.
    const gone = [node];
    for (let next = gone.pop(); next; next = gone.pop()) {
      if (this.nodes.get(next.id) === next) this.nodes.delete(next.id);
      next.shown = false;
      for (let child = next.first; child; child = child.after) gone.push(child);
      if (next.tree) gone.push(next.tree);
      if (next.content) gone.push(next.content);
    }
  }

  forget(): void {
    this.nodes.clear();
  }
}
