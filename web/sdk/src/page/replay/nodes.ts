/** The nodes of the page as numbers, and each as it is told: flat, without what stands in it. */
import {
  IS_BLOCKED,
  IS_CUSTOM,
  IS_SVG,
  NAMES_END,
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
  localName,
  matches,
  nodeType,
  shadowRootOf,
  slotOf,
  textSlotOf,
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
const STILL = /^(t[rdh]|thead|tbody|span|a|b|i|em|strong|small|label|option|br|img|input|p|h\d|button)$/;
/** Of HTML alone, as those but for `a`, and often thousands. */
const PLAIN = /^(table|div|li|ul)$/;
/** Of those the ones that may host a shadow tree (DOM, "valid shadow host name"); all others are asked. */
const HOST = /^(span|p|h\d)$/;
const PLAYER = /^(audio|video)$/;
const SVG = 'http://www.w3.org/2000/svg';
const HUNDREDTHS = 100;
const NONE: readonly string[] = [];

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

export function traitsOf(tag: string): Traits {
  let known = traits.get(tag);
  if (!known) {
    const custom = tag.includes('-');
    const still = STILL.test(tag);
    known = {
      bare: BARE.test(tag),
      leaf: LEAF.test(tag),
      still,
      plain: (still && tag !== 'a') || PLAIN.test(tag),
      host: !still || HOST.test(tag),
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
  shadow(root: ShadowRoot, host: Element): void;
  frame(frame: Element): void;
  sheet(owner: Element): void;
}

export class Nodes {
  private ids = new WeakMap<Node, number>();
  private next = 1;
  /** Elements of which nothing but a box is told. */
  private boxes = new WeakSet<Node>();
  /** Elements that host a shadow tree: what stands in them is shown where that says. */
  readonly hosts = new WeakSet<Node>();
  private untold = new Map<string, boolean>();
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
    this.untold.clear();
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
    const names = !bare && hasAttributes(element) ? namesOf(element) : NONE;
    const blocked = names.includes('data-ct-block') || (slotted && isBlockedIn(slotOf(element)));
    const custom = its.custom && matches(element, ':defined');
    rows.put(NODE_ELEMENT);
    rows.put(this.number(element));
    rows.name(tag);
    rows.put((svg ? IS_SVG : 0) | (blocked ? IS_BLOCKED : 0) | (custom ? IS_CUSTOM : 0));
    this.attributes(element, tag, names, blocked);
    if (blocked) this.box(element);
    if (blocked || bare) {
      rows.put(0);
      return;
    }
    const filled = !!firstChild(element);
    const root = its.host ? shadowRootOf(element) : null;
    if (its.field || tag === 'option' || tag === 'select' || its.player) this.content(element, tag);
    if (!svg && filled && !its.still) this.scroll(element);
    if (names.includes('popover')) {
      rows.put(STATE_POPOVER);
      this.popover(element);
    }
    if (root) {
      rows.put(STATE_SHADOW);
      rows.put(this.number(root));
    }
    rows.put(0);
    if (root) this.found.shadow(root, element);
    if (!its.leaf) {
      if (filled) this.found.parent(element);
    } else if (tag === 'style' || tag === 'link') this.found.sheet(element);
    else if (tag === 'iframe') this.found.frame(element);
  }

  private box(element: Element): void {
    const { rows } = this;
    this.boxes.add(element);
    const { width, height } = boxOf(element);
    rows.put(STATE_BOX);
    rows.put(width * HUNDREDTHS);
    rows.put(height * HUNDREDTHS);
  }

  /** Tells those of these names that are told; of a box only its class. */
  attributes(element: Element, tag: string, names: readonly string[], box: boolean): void {
    const { rows } = this;
    for (const name of names) if (!box || name === 'class') this.attribute(element, name);
    // How an open dialog stands before the page.
    if (tag === 'dialog' && !box && names.includes('open') && hasAttribute(element, 'open')) {
      rows.name('rr_open_mode');
      rows.string(matches(element, ':modal') ? 'modal' : 'non-modal');
    }
    rows.put(NAMES_END);
  }

  /** Tells one attribute, by its name and text, or −1, unless it is never told. */
  private attribute(element: Element, name: string): void {
    let untold = this.untold.get(name);
    if (untold === undefined) {
      untold = UNTOLD.test(name);
      this.untold.set(name, untold);
    }
    if (untold) return;
    const value = attribute(element, name);
    if (value && value.length > TEXT_UNITS_MAX) return;
    this.rows.name(name);
    if (value === null) this.rows.put(-1);
    else this.rows.string(value);
  }

  private content(element: Element, tag: string): void {
    const { rows } = this;
    if (tag === 'option') {
      if (isSelected(element)) rows.put(STATE_SELECTED);
    } else if (tag === 'select') this.fields.watch(element);
    else if (traitsOf(tag).field) {
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

export const textIn = (node: Node): string => textOf(node).slice(0, TEXT_UNITS_MAX);

const isBlockedIn = (slot: Element | null): boolean => !!slot && isBlocked(slot);
