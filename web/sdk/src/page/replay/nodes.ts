/** The nodes of the page as numbers, and each as it is told: flat, without what stands in it. */
import {
  ATTRIBUTES,
  EDITED,
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
  STATE_TEXT,
  TEXT_UNITS_MAX,
} from '../../shared/replay_rows.ts';
import {
  attribute,
  firstChild,
  hasAttribute,
  localName,
  matches,
  nextSibling,
  nodeType,
  scrollLeftOf,
  scrollTopOf,
  shadowRootOf,
  slotOf,
  textSlotOf,
  unitsOf,
} from '../natives.ts';
import { isBlocked } from '../privacy.ts';
import { tools } from '../tools.ts';
import type { Fields } from './fields.ts';
import {
  boxOf,
  contentOf,
  display,
  hasAttributes,
  isSelected,
  namesOf,
  namespaceOf,
  parentNode,
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
/**
 * Names of custom elements, but for letters beyond ASCII, and names that are the platform's own: a player that would define those fails.
 * Whether they are defined is not asked: what is defined later gives no sign of it, and would stay hidden from who watches. What never
 * is defined is shown as if it were, which only styles of `:not(:defined)` tell apart.
 */
const CUSTOM = /^(?!annotation|color-|font-|missing)[a-z][a-z\d._]*-[a-z\d._-]*$/;
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
    const still = STILL.test(tag);
    known = {
      bare: BARE.test(tag),
      leaf: LEAF.test(tag),
      still,
      plain: (still && tag !== 'a') || PLAIN.test(tag),
      host: !still || HOST.test(tag),
      custom: CUSTOM.test(tag),
      field: tag === 'input' || tag === 'textarea',
      player: tag === 'audio' || tag === 'video',
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

export type Nodes = ReturnType<typeof nodesOf>;

export function nodesOf(rows: Rows, found: Found, fields: Fields) {
  /**
   * Twice the number of each; 1 more: nothing but a text stands in it, which has the next number, and no entry of its own, which would
   * cost a page as much as all else that is read of it.
   */
  let ids = new WeakMap<Node, number>();
  let next = 1;
  /** The first number since the last snapshot began. */
  let first = 1;
  /** Elements of which nothing but a box is told. */
  let boxes = new WeakSet<Node>();
  /** Elements that host a shadow tree: what stands in them is shown where that says. */
  const hosts = new WeakSet<Node>();
  /** Nodes in hosts that are shown in a slot within a block, as they were told last; whether there ever was one. */
  const veiled = new WeakSet<Node>();
  let veils = false;
  /** What it was told of that a person types there. */
  let marked = new WeakSet<Node>();
  const untold = new Map<string, boolean>();
  /** Texts in the list that is being told, and their units. */
  let texts: Node[] = [];
  let units = 0;
  /** Of nodes that are new on the page it is not read how they scroll: there will be a sign of it. */
  let atOnce = false;

  /** 0: it was never told. `parent`: what it stands in, where that is at hand. */
  function known(node: Node, parent?: Node): number {
    const own = ids.get(node);
    if (own) return own >> 1;
    // No map has null.
    const around = ids.get(parent ?? (parentNode(node) as Node)) ?? 0;
    return around & 1 && nodeType(node) === Node.TEXT_NODE ? (around >> 1) + 1 : 0;
  }

  function isBox(node: Node): boolean {
    return boxes.has(node);
  }

  /** It is no longer where it was: what it is there is said anew. Its number, as `known`. */
  function leave(node: Node): number {
    boxes.delete(node);
    return known(node);
  }

  function number(node: Node): number {
    let own = ids.get(node);
    if (!own) {
      own = 2 * next++;
      ids.set(node, own);
    }
    return own >> 1;
  }

  /** As `number`, of an element in which nothing but this text stands; null: something else does. */
  function numberWith(element: Element, text: Node | null): number {
    const own = ids.get(element) ?? 0;
    if (text && !own && !ids.has(text)) {
      ids.set(element, 2 * next + 1);
      next += 2;
    } else if (!text && own & 1) ids.set(element, own - 1);
    return number(element);
  }

  /** What stands in a node has changed. True: a text did whose number nobody knows any more, so it is to be told as a whole. */
  function part(parent: Node): boolean {
    const own = ids.get(parent) ?? 0;
    if (!(own & 1)) return false;
    ids.set(parent, own - 1);
    found.parent(parent);
    return true;
  }

  function forget(): void {
    ids = new WeakMap();
    boxes = new WeakSet();
    marked = new WeakSet();
    untold.clear();
    first = next;
  }

  /** Tells a node. False: it is of a kind that is never shown. `slotted`: it stands in the host of a shadow tree. */
  function tell(node: Node, slotted: boolean): boolean {
    const type = nodeType(node);
    if (type === Node.ELEMENT_NODE) element(node as Element, slotted);
    else if (type === Node.TEXT_NODE) {
      if (slotted && veil(node, textSlotOf(node))) return false;
      rows.put(NODE_TEXT);
      text(node);
    } else if (type === Node.DOCUMENT_TYPE_NODE) {
      const { name, publicId, systemId } = node as DocumentType;
      rows.row(NODE_DOCTYPE, number(node));
      for (const text of [name, publicId, systemId]) rows.string(text);
    } else return false;
    return true;
  }

  /** Whether a node in a host is shown in a slot within a block. */
  function veil(node: Node, slot: Element | null): boolean {
    const is = !!slot && isBlocked(slot);
    if (is) veiled.add(node);
    else veiled.delete(node);
    veils ||= is;
    return is;
  }

  function text(text: Node, parent?: Node): void {
    const length = Math.min(unitsOf(text), TEXT_UNITS_MAX);
    rows.put(known(text, parent) || number(text));
    rows.put(length);
    units += length;
    texts.push(text);
  }

  /** A list ends. `all`: what it told may be all that stands in this; to read its text at once costs less than one by one. */
  function endList(all: Node | null): void {
    rows.put(0);
    if (!texts.length) return;
    const text = all && texts.length > 1 ? contentOf(all) : '';
    if (text.length === units) rows.piece(text);
    else for (const one of texts) rows.piece(textIn(one));
    texts = [];
    units = 0;
  }

  function element(element: Element, slotted: boolean): void {
    const tag = localName(element);
    const its = traitsOf(tag);
    const { bare } = its;
    const svg = !its.plain && namespaceOf(element) === SVG;
    const names = !bare && hasAttributes(element) ? namesOf(element) : NONE;
    const blocked = (slotted && veil(element, slotOf(element))) || names.includes('data-ct-block');
    const shown = !blocked && !bare;
    const first = shown ? firstChild(element) : null;
    const root = shown && its.host ? shadowRootOf(element) : null;
    const isText = first && !its.leaf && !root && nodeType(first) === Node.TEXT_NODE && !nextSibling(first);
    const only = isText ? first : null;
    const before = next;
    rows.put(NODE_ELEMENT);
    rows.put(numberWith(element, only));
    rows.name(tag);
    rows.put((svg ? IS_SVG : 0) | (blocked ? IS_BLOCKED : 0) | (its.custom ? IS_CUSTOM : 0));
    attributes(element, tag, names, blocked);
    if (blocked) box(element);
    if (!shown) {
      rows.put(0);
      return;
    }
    if (its.field || tag === 'option' || tag === 'select' || its.player) content(element, tag);
    if (!svg && first && !its.still && !(atOnce && next > before)) scroll(element);
    if (names.includes('popover')) {
      rows.put(STATE_POPOVER);
      popover(element);
    }
    if (root) rows.row(STATE_SHADOW, number(root));
    if (only) {
      rows.put(STATE_TEXT);
      text(only, element);
    }
    rows.put(0);
    if (root) found.shadow(root, element);
    if (!its.leaf) {
      if (first && !only) found.parent(element);
    } else if (tag === 'style' || tag === 'link') found.sheet(element);
    else if (tag === 'iframe') found.frame(element);
  }

  function box(element: Element): void {
    boxes.add(element);
    const { width, height } = boxOf(element);
    rows.row(STATE_BOX, width * HUNDREDTHS, height * HUNDREDTHS);
  }

  /** Tells those of these names that are told; of a box only its class. */
  function attributes(element: Element, tag: string, names: readonly string[], box: boolean): void {
    for (const name of names) if (!box || name === 'class') tellAttribute(element, name);
    // How an open dialog stands before the page.
    if (tag === 'dialog' && !box && names.includes('open') && hasAttribute(element, 'open')) {
      rows.name('rr_open_mode');
      rows.string(matches(element, ':modal') ? 'modal' : 'non-modal');
    }
    if (tools()?.edited.has(element)) {
      rows.name(EDITED);
      rows.string('');
    }
    rows.put(NAMES_END);
  }

  /** A person types here: that is told before what is typed. */
  function mark(node: Node): void {
    tools()?.edited.add(node);
    const id = known(node);
    if (!id || marked.has(node) || nodeType(node) !== Node.ELEMENT_NODE) return;
    marked.add(node);
    rows.row(ATTRIBUTES, id);
    attributes(node as Element, '', NONE, false);
  }

  /** Tells one attribute, by its name and text, or −1 where it is gone or too long, unless it is never told. */
  function tellAttribute(element: Element, name: string): void {
    let never = untold.get(name);
    if (never === undefined) {
      never = UNTOLD.test(name);
      untold.set(name, never);
    }
    if (never) return;
    const value = attribute(element, name);
    rows.name(name);
    if (value === null || value.length > TEXT_UNITS_MAX) rows.put(-1);
    else rows.string(value);
  }

  function content(element: Element, tag: string): void {
    if (tag === 'option') {
      if (isSelected(element)) rows.put(STATE_SELECTED);
    } else if (tag === 'select') fields.watch(element);
    else if (traitsOf(tag).field) {
      rows.put(STATE_FIELD);
      fields.tell(element);
    } else {
      rows.put(STATE_MEDIA);
      player(element as HTMLMediaElement);
    }
  }

  function scroll(element: Element): void {
    const [x, y] = [scrollLeftOf(element), scrollTopOf(element)];
    if (x || y) rows.row(STATE_SCROLL, x, y);
  }

  /** How a popover is displayed, '' where it is closed. */
  function popover(element: Element): void {
    rows.string(matches(element, ':popover-open') ? display(window, element).display : '');
  }

  function player({ paused, currentTime, playbackRate, volume, muted, loop }: HTMLMediaElement): void {
    const thousandths = [currentTime, playbackRate, volume].map((number) => Math.round(number * 1000));
    rows.row(paused, ...thousandths, muted, loop);
  }

  return {
    hosts,
    known,
    isBox,
    isVeiled: (node: Node) => veiled.has(node),
    veils: () => veils,
    leave,
    mark,
    number,
    part,
    forget,
    tell,
    endList,
    attributes,
    popover,
    player,
    /** Of what is told from now on. */
    atOnce(is: boolean): void {
      atOnce = is;
    },
    /** Nodes that were met since the last snapshot began. */
    count: () => next - first,
  };
}

export const textIn = (node: Node): string => textOf(node).slice(0, TEXT_UNITS_MAX);
