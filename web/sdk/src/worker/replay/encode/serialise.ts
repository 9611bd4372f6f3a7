/** Nodes as rrweb writes them. */
import { type AttributeMasks, isMetadata } from './attributes.ts';
import type { Noted } from './mirror.ts';
import { isWithinPersonal } from './personal.ts';
import { shownText } from './texts.ts';

/** rrweb's `NodeType`. */
const DOCUMENT = 0;
const DOCTYPE = 1;
const ELEMENT = 2;
const TEXT = 3;
/** Of what a `meta` says of how the page is to be drawn. */
const METADATA_UNITS_MAX = 256;
/** As deep as readers take it. */
const DEPTH_MAX = 500;
/** Shown as what is never drawn, since rrweb would do the same with one, and nothing is to be known of the others. */
const UNSEEN = /^(script|base|object|embed|param)$/;
/** Marks what has the focus. A player shows the mark: to move the focus there would take the keys from who watches. */
export const FOCUSED = 'data-ct-focus';

export type Attributes = Record<string, string | number | boolean | null>;

export interface Serialised {
  type: number;
  id: number;
  childNodes?: Serialised[];
  [field: string]: unknown;
}

export interface Masking {
  attributes: AttributeMasks;
  /** Ids of radio buttons and checkboxes. */
  choices: ReadonlySet<string>;
  /** Numbers of what keys go to, and of those in whose shadow trees and frames it stands. */
  focused: ReadonlySet<number>;
}

/** One node, without what stands in it. Marks it as shown. */
export function flat(node: Noted, masking: Masking): Serialised {
  node.shown = true;
  const { id, parent } = node;
  const place = {
    ...(parent?.kind === 'tree' && { isShadow: true }),
    ...rootOf(node),
  };
  switch (node.kind) {
    case 'document':
      return { type: DOCUMENT, id, childNodes: [], ...(node.quirks && { compatMode: 'BackCompat' }), ...place };
    case 'doctype': {
      const [publicId, systemId] = node.identifiers;
      return { type: DOCTYPE, id, name: node.text, publicId, systemId, ...place };
    }
    case 'text':
      return { type: TEXT, id, textContent: shownText(node, masking.choices), ...place };
    default:
      return {
        type: ELEMENT,
        id,
        tagName: UNSEEN.test(node.text) ? 'noscript' : node.text,
        attributes: attributesOf(node, masking),
        childNodes: [],
        ...(node.svg && { isSVG: true }),
        ...(node.custom && { isCustom: true }),
        ...(node.tree && { isShadowHost: true }),
        ...place,
      };
  }
}

/** In a frame, nodes name its document. */
function rootOf(node: Noted): { rootId?: number } {
  const root = node.document;
  return root !== node && root.parent ? { rootId: root.id } : {};
}

/** With all that stands in it, shadow trees first. */
export function nested(node: Noted, masking: Masking): { node: Serialised; count: number } {
  const top = flat(node, masking);
  const waiting: [Noted, Serialised, depth: number][] = [[node, top, 0]];
  let count = 1;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [from, to, depth] = next;
    if (depth >= DEPTH_MAX) continue;
    for (const parent of [from.tree, from])
      for (let child = parent?.first ?? null; child; child = child.after) {
        const made = flat(child, masking);
        count++;
        to.childNodes?.push(made);
        if (child.first || child.tree) waiting.push([child, made, depth + 1]);
      }
    if (from.tree) from.tree.shown = true;
  }
  return { node: top, count };
}

/** All of an element's attributes. */
export function attributesOf(node: Noted, masking: Masking): Attributes {
  const shown: Attributes = {};
  for (const name of node.attributes.keys()) {
    const value = attributeOf(node, name, masking);
    if (value !== null) shown[name] = value;
  }
  if (masking.focused.has(node.id)) shown[FOCUSED] = '';
  if (node.popover) shown.style = styleOf(node, masking);
  if (node.field) {
    if (node.field.checked) shown.checked = true;
    if (node.field.text) shown.value = node.field.text;
  }
  if (node.selected) shown.selected = true;
  if (node.scroll) [shown.rr_scrollLeft, shown.rr_scrollTop] = node.scroll;
  if (node.box) [shown.rr_width, shown.rr_height] = node.box.map((pixels) => `${pixels}px`) as [string, string];
  if (node.rules) shown._cssText = node.rules.join('\n');
  return node.media ? { ...shown, ...node.media } : shown;
}

/** Null: it is not there, or not told. */
export function attributeOf(node: Noted, name: string, masking: Masking): string | null {
  if (name === 'style' && node.popover) return styleOf(node, masking);
  if (name === FOCUSED) return masking.focused.has(node.id) ? '' : null;
  const value = node.attributes.get(name);
  if (value === undefined || UNSEEN.test(node.text)) return null;
  if (node.text === 'meta' && /^(name|content)$/.test(name))
    return isMetadata(node.attributes.get('name')) ? value.slice(0, METADATA_UNITS_MAX) : null;
  const personal = node.personal || isWithinPersonal(node, masking.choices);
  return masksOf(node, masking).masked(node.text, name, value, node.svg, personal) ?? null;
}

/** Nothing opens a popover in a player; its style shows it. */
function styleOf(node: Noted, masking: Masking): string {
  const own = masksOf(node, masking).masked('', 'style', node.attributes.get('style') ?? '', false, false) ?? '';
  return `${own}${own && ';'}display:${node.popover.replace(/[^\w -]/g, '')} !important`;
}

const masksOf = ({ document }: Noted, masking: Masking): AttributeMasks => masking.attributes.at(document.base);
