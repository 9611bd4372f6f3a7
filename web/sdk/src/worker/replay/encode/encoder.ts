/** Rows of one page view to rrweb's events, masked. */
import type { Rows, Viewed } from '../../../shared/replay_messages.ts';
import {
  ADOPTED,
  ATTRIBUTES,
  CHILDREN,
  CONSTRUCTED,
  FIELD,
  FOCUS,
  FRAME,
  FRAME_END,
  MEDIA,
  PLACE,
  POPOVER,
  REMOVE,
  RULE_DELETE,
  RULE_INSERT,
  SCROLL,
  SELECTED,
  SHADOW,
  SHEET,
  SHEET_SOURCE,
  SNAPSHOT,
  SNAPSHOT_END,
  TEXT,
  VIEWPORT,
} from '../../../shared/replay_rows.ts';
import { scrubUrl } from '../../../shared/urls.ts';
import type { Recorded, Take } from '../recorded.ts';
import { AttributeMasks } from './attributes.ts';
import { Mirror, Noted } from './mirror.ts';
import { readAttributes, readField, readMedia, readNode, type Texts } from './notes.ts';
import { isChoice, isPersonal } from './personal.ts';
import { Reader } from './reader.ts';
import { FOCUSED, type Masking, nested } from './serialise.ts';
import { type Sheets, Styles, type Then } from './styles.ts';
import { Told } from './told.ts';

/** rrweb's `EventType` and `IncrementalSource`. */
const FULL_SNAPSHOT = 2;
const INCREMENTAL = 3;
const META = 4;
const MUTATION_SOURCE = 0;
const SCROLL_SOURCE = 3;
const VIEWPORT_SOURCE = 4;
const INPUT_SOURCE = 5;
const MEDIA_SOURCE = 7;

/** Attributes by which what stands in an element becomes what a person may have typed. */
const PERSONAL = /^(data-ct-edited|contenteditable|role|class|aria-(multiline|haspopup))$/;

interface Size {
  width: number;
  height: number;
}

/** What is asked and told beside the events. */
export interface Around extends Sheets {
  /** Something that is drawn lies at `address`, which is masked as `shown`. */
  found(address: string, shown: string): void;
  /** What waited for a file is encoded; or that failed. */
  caughtUp(): void;
  failed(): void;
}

export class Encoder {
  /** What was told and is not encoded yet; of the first a part may be. */
  private waiting: Rows[] = [];
  /** A file that is being read, and the element of its style sheet. */
  private reads: Promise<Then> | null = null;
  private reading = 0;
  private reader = new Reader();
  private mirror = new Mirror();
  private told = new Told();
  private choices = new Set<string>();
  private masking: Masking;
  private styles: Styles;
  private page: Noted | null = null;
  private size: Size = { width: 0, height: 0 };
  private offset: [x: number, y: number] = [0, 0];
  /** A snapshot is being told. */
  private snapping = false;
  /** Documents of frames that are told whole, and wait to be shown. */
  private frames = new Set<Noted>();
  /** Data of events that follow on what is told of nodes. */
  private later: object[] = [];
  private made: Recorded[] = [];
  private at = 0;
  private q = -1;

  constructor(
    private viewed: Viewed,
    private take: Take,
    private around: Around,
  ) {
    const attributes = new AttributeMasks(viewed.url, around.found);
    this.masking = { attributes, choices: this.choices, focused: new Set() };
    this.styles = new Styles(attributes, around);
  }

  encode(rows: Rows): void {
    this.waiting.push(rows);
    if (this.waiting.length > 1) return;
    this.begin(rows);
    this.goOn();
  }

  /** For a file. */
  get waits(): boolean {
    return !!this.reads;
  }

  /** The page may end: nothing waits for a file. */
  hurry(): void {
    while (this.reads) {
      this.reads = null;
      this.around.rules(this.reading);
      this.goOn();
    }
  }

  private begin(rows: Rows): void {
    this.at = rows.at;
    this.q = rows.q;
    this.reader.begin(rows);
  }

  /** Reads on, up to a style sheet that has to be fetched. */
  private goOn(): void {
    const { reader, waiting } = this;
    for (;;) {
      while (reader.more) {
        this.read(reader.next());
        if (this.reads) return;
      }
      if (!this.snapping) this.settle();
      if (this.made.length) this.take(this.made.splice(0));
      waiting.shift();
      if (!waiting[0]) return;
      this.begin(waiting[0]);
    }
  }

  private await(reads: Promise<Then>, owner: number): void {
    this.reads = reads;
    this.reading = owner;
    const goOn = (then: Then) => {
      // It was not waited for any more.
      if (this.reads !== reads) return;
      this.reads = null;
      then();
      this.goOn();
      this.around.caughtUp();
    };
    reads.then(goOn).catch(this.around.failed);
  }

  /** What was read becomes events. */
  private settle(): void {
    const mutation = this.told.take(this.masking);
    if (mutation) this.change({ source: MUTATION_SOURCE, ...mutation });
    this.attachFrames();
    for (const data of this.later.splice(0)) this.change(data);
    for (const data of this.styles.adopting(this.mirror)) this.change(data);
  }

  private attachFrames(): void {
    for (let attached = true; attached; ) {
      attached = false;
      for (const content of this.frames) {
        if (content.parent && !content.parent.shown) continue;
        this.frames.delete(content);
        if (!content.parent) continue;
        attached = true;
        const { node } = nested(content, this.masking);
        const add = { parentId: content.parent.id, nextId: null, node };
        const mutation = { texts: [], attributes: [], removes: [], adds: [add], isAttachIframe: true };
        this.change({ source: MUTATION_SOURCE, ...mutation });
        this.scrolled(content);
      }
    }
  }

  private scrolled({ id, scroll }: Noted): void {
    if (scroll) this.later.push({ source: SCROLL_SOURCE, id, x: scroll[0], y: scroll[1] });
  }

  private change(data: object): void {
    this.event('mutations', INCREMENTAL, data);
  }

  private event(kind: Recorded['kind'], type: number, data: object, more: Partial<Recorded> = {}): void {
    const line = JSON.stringify({ type, timestamp: this.at, q: this.q, data });
    this.made.push({ kind, line, at: this.at, q: this.q, ...more });
  }

  private known(): Noted | undefined {
    return this.mirror.get(this.reader.next());
  }

  private read(op: number): void {
    const { reader, told, styles } = this;
    switch (op) {
      case SNAPSHOT:
        this.snapshot();
        break;
      case SNAPSHOT_END:
        this.end(reader.next() / 1000, !!reader.next());
        break;
      case CHILDREN:
        this.children(this.known());
        break;
      case PLACE: {
        const parent = this.known();
        this.place(parent, this.known() ?? null);
        break;
      }
      case REMOVE: {
        const node = this.known();
        if (node) this.remove(node);
        break;
      }
      case TEXT: {
        const node = this.known();
        const text = reader.string();
        if (!node) break;
        node.text = text;
        told.text(node);
        break;
      }
      case ATTRIBUTES:
        this.attributes(this.known());
        break;
      case FRAME:
        this.frame(this.known());
        break;
      case FRAME_END: {
        const content = this.known();
        if (content) this.frames.add(content);
        break;
      }
      case SCROLL: {
        const [id, x, y] = [reader.next(), reader.next(), reader.next()];
        const node = this.mirror.get(id);
        if (!node) break;
        node.scroll = [x, y];
        if (node === this.page) this.offset = [x, y];
        if (node.shown) this.scrolled(node);
        break;
      }
      case FIELD: {
        const node = this.known();
        const field = readField(reader);
        if (!node) break;
        node.field = field;
        const { text, checked } = field;
        if (node.shown) this.later.push({ source: INPUT_SOURCE, id: node.id, text, isChecked: checked });
        break;
      }
      case SELECTED:
        this.select(this.known());
        break;
      case SHEET:
        styles.sheet(reader, this.known(), told);
        break;
      case SHEET_SOURCE: {
        const owner = this.known();
        const reads = styles.source(reader, owner, told);
        if (owner && reads) this.await(reads, owner.id);
        break;
      }
      case CONSTRUCTED:
        this.follow(styles.constructed(reader));
        break;
      case RULE_INSERT:
      case RULE_DELETE:
        this.follow(styles.rule(reader, op === RULE_INSERT, this.mirror));
        break;
      case ADOPTED:
        styles.adopted(reader, this.mirror);
        break;
      case VIEWPORT:
        this.size = { width: reader.next(), height: reader.next() };
        this.later.push({ source: VIEWPORT_SOURCE, ...this.size });
        break;
      case MEDIA: {
        const node = this.known();
        const type = reader.next();
        const { paused: _, ...media } = readMedia(reader);
        if (node?.shown) this.later.push({ source: MEDIA_SOURCE, id: node.id, type, ...media });
        break;
      }
      case POPOVER: {
        const node = this.known();
        const popover = reader.string();
        if (!node) break;
        node.popover = popover;
        told.attribute(node, 'style');
        break;
      }
      case FOCUS:
        this.focus(this.known());
        break;
      case SHADOW: {
        const host = this.known();
        const tree = new Noted('tree', reader.next());
        if (!host) break;
        host.tree = tree;
        this.mirror.root(tree, host);
        break;
      }
      default:
        throw new RangeError(`no kind of row: ${op}`);
    }
  }

  private follow(data: object | null): void {
    if (data) this.later.push(data);
  }

  private snapshot(): void {
    const { reader } = this;
    reader.forgetNames();
    this.mirror.forget();
    this.choices.clear();
    this.masking.focused = new Set();
    this.styles.forget();
    this.frames.clear();
    this.told = new Told();
    this.later = [];
    this.size = { width: reader.next(), height: reader.next() };
    this.offset = [reader.next(), reader.next()];
    this.page = new Noted('document', reader.next());
    this.page.quirks = !!reader.next();
    this.mirror.root(this.page, null);
    this.snapping = true;
  }

  private end(cost_ms: number, partial: boolean): void {
    this.snapping = false;
    if (!this.page) return;
    const { node, count: nodes } = nested(this.page, this.masking);
    const [left, top] = this.offset;
    this.told = new Told();
    this.later = [];
    const href = scrubUrl(this.viewed.url, this.viewed.url);
    const whole: Partial<Recorded> = partial ? { partial } : {};
    this.event('snapshot', META, { href, ...this.size }, whole);
    this.event('snapshot', FULL_SNAPSHOT, { node, initialOffset: { left, top } }, { nodes, cost_ms, ...whole });
  }

  private children(parent: Noted | undefined): void {
    for (let child = parent?.first; child; child = parent?.first) this.remove(child);
    this.append(parent, null);
  }

  private place(parent: Noted | undefined, before: Noted | null): void {
    this.append(parent, before?.parent === parent ? before : null);
  }

  /** Reads nodes up to the end of their list, into `parent` after `before`. */
  private append(parent: Noted | undefined, before: Noted | null): void {
    const { reader } = this;
    const texts: Texts = [];
    let last = before;
    for (let node = readNode(reader, texts); node; node = readNode(reader, texts))
      if (parent) last = this.put(node, parent, last);
    for (const [text, units] of texts) text.text = reader.cut(units);
  }

  /** Puts a node that was told into `parent` after `before`. Returns it. */
  private put(node: Noted, parent: Noted, before: Noted | null): Noted {
    const { mirror } = this;
    const text = node.first;
    node.first = null;
    const old = mirror.get(node.id);
    const last = old === before ? (old?.before ?? null) : before;
    if (old) this.remove(old);
    mirror.insert(node, parent, last);
    if (node.tree) mirror.root(node.tree, node);
    if (isChoice(node) && node.attributes.has('id')) this.choices.add(node.attributes.get('id') as string);
    this.told.placed(node);
    if (text) this.put(text, node, null);
    return node;
  }

  private remove(node: Noted): void {
    this.told.removed(node);
    this.mirror.remove(node);
  }

  private attributes(node: Noted | undefined): void {
    const names = readAttributes(this.reader, node);
    if (!node) return;
    this.told.attribute(node, ...names);
    if (!names.some((name) => PERSONAL.test(name))) return;
    const before = node.personal;
    node.personal = isPersonal(node);
    // What was shown of it as the page's own text is no longer.
    if (before !== node.personal) for (const text of textsIn(node)) this.told.text(text);
  }

  private frame(element: Noted | undefined): void {
    const content = new Noted('document', this.reader.next());
    content.quirks = !!this.reader.next();
    content.base = this.reader.string();
    if (!element) return;
    if (element.content) {
      this.frames.delete(element.content);
      this.mirror.remove(element.content);
    }
    element.content = content;
    this.mirror.root(content, element);
  }

  private focus(node: Noted | undefined): void {
    const before = this.masking.focused;
    this.masking.focused = new Set(node ? withHosts(node) : []);
    for (const id of [...before, ...this.masking.focused]) {
      const known = this.mirror.get(id);
      if (known) this.told.attribute(known, FOCUSED);
    }
  }

  private select(select: Noted | undefined): void {
    const { reader } = this;
    const selected = new Set<number>();
    for (let left = reader.next(); left > 0; left--) selected.add(reader.next());
    if (!select) return;
    for (const option of optionsIn(select)) {
      const is = selected.has(option.id);
      if (is === option.selected) continue;
      option.selected = is;
      this.told.attribute(option, 'selected');
    }
  }
}

function* within(root: Noted): Generator<Noted> {
  const waiting = [root];
  for (let next = waiting.pop(); next; next = waiting.pop())
    for (let child = next.first; child; child = child.after) {
      yield child;
      if (child.first) waiting.push(child);
    }
}

/** The number of an element, and of those in whose shadow trees and frames it stands. */
function* withHosts(element: Noted): Generator<number> {
  yield element.id;
  for (let node: Noted | null = element; node; node = node.parent)
    if (node.kind !== 'element' && node.parent) yield node.parent.id;
}

function* textsIn(root: Noted): Generator<Noted> {
  for (const node of within(root)) if (node.kind === 'text') yield node;
}

function* optionsIn(select: Noted): Generator<Noted> {
  for (const node of within(select)) if (node.text === 'option' && node.kind === 'element') yield node;
}
