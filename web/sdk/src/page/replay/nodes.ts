/** The nodes of the page as numbers, and each as it is told: flat, without what stands in it. */
import {
  IS_BLOCKED,
  IS_CUSTOM,
  IS_SVG,
  NODE_DOCTYPE,
  NODE_ELEMENT,
  NODE_TEXT,
  STATE_BOX,
  STATE_FIELD,
  STATE_MEDIA,
  STATE_POPOVER,
  STATE_SCROLL,
  STATE_SELECTED,
  STATE_SHADOW,
  TEXT_UNITS_MAX,
} from '../../shared/replay_rows.ts';
import {
  attribute,
  firstChild,
  hasAttribute,
  headOf,
  localName,
  matches,
  nodeType,
  shadowRootOf,
  slotOf,
  textSlotOf,
  unitsOf,
} from '../natives.ts';
import { isBlocked } from '../privacy.ts';
import type { Fields } from './fields.ts';
import {
  boxOf,
  display,
  hasAttributes,
  isSelected,
  namesOf,
  namespaceOf,
  scrollLeftOf,
  scrollTopOf,
  textOf,
} from './platform.ts';
import type { Rows } from './rows.ts';

/** What stands in them is not drawn, or is told in another way: fields, style sheets, documents of frames. */
export const LEAF =
  /^(script|noscript|style|textarea|template|i?frame|canvas|object|embed|audio|video|base|link|meta)$/;
/** Not told at all, wherever they stand; the worker leaves more out. */
const UNTOLD = /^(value|checked|selected|srcdoc|nonce|integrity|on.*)$/;
/** What takes no part in how the page looks: nothing is read of it. */
const BARE = /^(script|noscript|template|base)$/;
/** Seldom a box that scrolls, and often thousands: their scroll is not read, and told when it changes. */
const STILL = /^(t[rdh]|thead|tbody|span|a|b|i|em|strong|small|label|option|br|img|input)$/;
/** Of HTML alone, and often thousands. */
const PLAIN = /^(t[rdh]|thead|tbody|table|span|b|i|em|strong|small|label|option|br|img|input|div|p|li|ul|button|h\d)$/;
/** What may host a shadow tree (DOM, "valid shadow host name"), but for custom elements. */
const HOST = /^(article|aside|blockquote|body|div|footer|h[1-6]|header|main|nav|p|section|span)$/;
const PLAYER = /^(audio|video)$/;
const SVG = 'http://www.w3.org/2000/svg';
const HUNDREDTHS = 100;

/** What the name of an element says of it, looked at once for each name. */
interface Traits {
  bare: boolean;
  leaf: boolean;
  still: boolean;
  plain: boolean;
  host: boolean;
  custom: boolean;
  field: boolean;
  player: boolean;
}

const traits = new Map<string, Traits>();

function traitsOf(tag: string): Traits {
  let known = traits.get(tag);
  if (!known) {
    const custom = tag.includes('-');
    known = {
      bare: BARE.test(tag),
      leaf: LEAF.test(tag),
      still: STILL.test(tag),
      plain: PLAIN.test(tag),
      host: custom || HOST.test(tag),
      custom,
      field: tag === 'input' || tag === 'textarea',
      player: PLAYER.test(tag),
    };
    traits.set(tag, known);
  }
  return known;
}

/** What a node leads to. */
export interface Found {
  /** Something stands in it that is to be told. */
  parent(node: Node): void;
  shadow(root: ShadowRoot): void;
  frame(frame: Element): void;
  sheet(owner: Element): void;
}

export class Nodes {
  private ids = new WeakMap<Node, number>();
  private next = 1;
  /** Elements of which nothing but a box is told. */
  private boxes = new WeakSet<Node>();
  /** Nodes told since the last snapshot began. */
  count = 0;

  constructor(
    private rows: Rows,
    private found: Found,
    private fields: Fields,
  ) {}

  /** 0: it was never told. */
  known(node: Node): number {
    return this.ids.get(node) ?? 0;
  }

  isBox(node: Node): boolean {
    return this.boxes.has(node);
  }

  number(node: Node): number {
    let id = this.ids.get(node);
    if (!id) {
      id = this.next++;
      this.ids.set(node, id);
    }
    return id;
  }

  forget(): void {
    this.ids = new WeakMap();
    this.boxes = new WeakSet();
    this.count = 0;
  }

  /** Tells a node. False: it is of a kind that is never shown. `slotted`: it stands in the host of a shadow tree. */
  tell(node: Node, slotted: boolean): boolean {
    const type = nodeType(node);
    if (type === Node.ELEMENT_NODE) this.element(node as Element, slotted);
    else if (type === Node.TEXT_NODE) {
      if (slotted && isBlockedIn(textSlotOf(node))) return false;
      this.rows.put(NODE_TEXT);
      this.rows.put(this.number(node));
      this.rows.string(textIn(node));
    } else if (type === Node.DOCUMENT_TYPE_NODE) {
      const { name, publicId, systemId } = node as DocumentType;
      this.rows.put(NODE_DOCTYPE);
      this.rows.put(this.number(node));
      for (const text of [name, publicId, systemId]) this.rows.string(text);
    } else return false;
    this.count++;
    return true;
  }

  private element(element: Element, slotted: boolean): void {
    const { rows } = this;
    const tag = localName(element);
    const its = traitsOf(tag);
    const { bare } = its;
    const svg = !its.plain && namespaceOf(element) === SVG;
    const attributes = !bare && hasAttributes(element);
    const blocked = (attributes && hasAttribute(element, 'data-ct-block')) || (slotted && isBlockedIn(slotOf(element)));
    const custom = its.custom && matches(element, ':defined');
    rows.put(NODE_ELEMENT);
    rows.put(this.number(element));
    rows.name(tag);
    rows.put((svg ? IS_SVG : 0) | (blocked ? IS_BLOCKED : 0) | (custom ? IS_CUSTOM : 0));
    if (blocked) this.box(element);
    else if (attributes) this.attributes(element, tag);
    else rows.put(0);
    if (blocked || bare) {
      rows.put(0);
      return;
    }
    const filled = !!firstChild(element);
    const root = its.host ? shadowRootOf(element) : null;
    if (its.field || tag === 'option' || tag === 'select' || its.player) this.content(element, tag);
    if (!svg && filled && !its.still) this.scroll(element);
    if (attributes && hasAttribute(element, 'popover')) {
      rows.put(STATE_POPOVER);
      this.popover(element);
    }
    if (root) {
      rows.put(STATE_SHADOW);
      rows.put(this.number(root));
    }
    rows.put(0);
    if (root) this.found.shadow(root);
    if (!its.leaf) {
      if (filled) this.found.parent(element);
    } else if (tag === 'style' || tag === 'link') this.found.sheet(element);
    else if (tag === 'iframe') this.found.frame(element);
  }

  private box(element: Element): void {
    const { rows } = this;
    this.boxes.add(element);
    const name = attribute(element, 'class');
    rows.put(name === null ? 0 : 1);
    if (name !== null) {
      rows.name('class');
      rows.string(name);
    }
    const { width, height } = boxOf(element);
    rows.put(STATE_BOX);
    rows.put(width * HUNDREDTHS);
    rows.put(height * HUNDREDTHS);
  }

  private attributes(element: Element, tag: string): void {
    const { rows } = this;
    const place = rows.place;
    rows.put(0);
    let count = 0;
    for (const name of namesOf(element)) if (this.attribute(element, name)) count++;
    if (tag === 'dialog' && this.dialog(element)) count++;
    rows.set(place, count);
  }

  /** Tells one attribute, by its name and text, or −1. False: it is never told. */
  attribute(element: Element, name: string): boolean {
    if (UNTOLD.test(name)) return false;
    const value = attribute(element, name);
    if (value && value.length > TEXT_UNITS_MAX) return false;
    this.rows.name(name);
    if (value === null) this.rows.put(-1);
    else this.rows.string(value);
    return true;
  }

  /** How an open dialog stands before the page. */
  dialog(element: Element): boolean {
    if (!hasAttribute(element, 'open')) return false;
    this.rows.name('rr_open_mode');
    this.rows.string(matches(element, ':modal') ? 'modal' : 'non-modal');
    return true;
  }

  private content(element: Element, tag: string): void {
    const { rows } = this;
    if (tag === 'option') {
      if (isSelected(element)) rows.put(STATE_SELECTED);
    } else if (tag === 'select') this.fields.watch(element);
    else if (this.fields.has(tag)) {
      rows.put(STATE_FIELD);
      this.fields.tell(element, tag);
    } else {
      rows.put(STATE_MEDIA);
      this.player(element as HTMLMediaElement);
    }
  }

  private scroll(element: Element): void {
    const [x, y] = [scrollLeftOf(element), scrollTopOf(element)];
    if (!x && !y) return;
    const { rows } = this;
    rows.put(STATE_SCROLL);
    rows.put(x);
    rows.put(y);
  }

  /** How a popover is displayed, '' where it is closed. */
  popover(element: Element): void {
    this.rows.string(matches(element, ':popover-open') ? display(window, element).display : '');
  }

  player({ paused, currentTime, playbackRate, volume, muted, loop }: HTMLMediaElement): void {
    const { rows } = this;
    rows.put(Number(paused));
    for (const number of [currentTime, playbackRate, volume]) rows.put(Math.round(number * 1000));
    rows.put(Number(muted));
    rows.put(Number(loop));
  }
}

export const textIn = (node: Node): string =>
  unitsOf(node) > TEXT_UNITS_MAX ? headOf(node, TEXT_UNITS_MAX) : textOf(node);

const isBlockedIn = (slot: Element | null): boolean => !!slot && isBlocked(slot);
