/**
 * What only the recorder asks of the platform; all else is `natives.ts`, as it was when the first script began. This file comes
 * later: what the page has replaced until then is not called, so that nothing of ours runs through code of the page.
 */
import { byTag, getter, hasAttribute, isNative, kind, localName, method, shadowRootOf } from '../natives.ts';

type Method = (this: never, ...values: never[]) => unknown;

/** Whether the browser's own is still there, of each of these. Else the page is not recorded. */
export function isUntouched(): boolean {
  return own.every(([prototype, name]) => {
    const { value, get = value } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    return typeof get !== 'function' || isNative(get);
  });
}

/** What is read below. */
const own: [prototype: object, name: string][] = [];

function call<T extends Method>(of: string, name: string): (self: object, ...values: unknown[]) => ReturnType<T> {
  const prototype = kind<Record<string, Method>>(of);
  own.push([prototype, name]);
  return method(prototype[name] as Method) as never;
}

function read<T>(of: string, name: string): (self: object) => T {
  const prototype = kind(of);
  own.push([prototype, name]);
  return getter<T>(prototype, name);
}

export const parentNode = read<Node | null>('Node', 'parentNode');
export const previousSibling = read<Node | null>('Node', 'previousSibling');
export const textOf = read<string>('CharacterData', 'data');
/** All texts in a node. */
export const contentOf = read<string>('Node', 'textContent');
export const namespaceOf = read<string | null>('Element', 'namespaceURI');
export const hasAttributes = call<Element['hasAttributes']>('Element', 'hasAttributes');
export const namesOf = call<Element['getAttributeNames']>('Element', 'getAttributeNames');
export const boxOf = call<Element['getBoundingClientRect']>('Element', 'getBoundingClientRect');
const modeOf = read<string>('Document', 'compatMode');
/** Shown in quirks mode. */
export const isQuirky = (page: Document): boolean => modeOf(page) === 'BackCompat';
export const designOf = read<string>('Document', 'designMode');
export const windowOf = read<(Window & typeof globalThis) | null>('Document', 'defaultView');
export const documentIn = read<Document | null>('HTMLIFrameElement', 'contentDocument');
const activeIn = read<Element | null>('Document', 'activeElement');
const activeInTree = read<Element | null>('ShadowRoot', 'activeElement');
/** What keys go to in a document: also in its shadow trees, and in its frames that may be looked into. */
export function focusedIn(page: Document): Element | null {
  let focused: Element | null = null;
  for (let next = activeIn(page); next; ) {
    focused = next;
    const root = shadowRootOf(focused);
    const content = localName(focused) === 'iframe' ? documentIn(focused) : null;
    next = root ? activeInTree(root) : content && activeIn(content);
  }
  return focused;
}
export const typeOf = read<string>('HTMLInputElement', 'type');
export const isChecked = read<boolean>('HTMLInputElement', 'checked');
export const isSelected = read<boolean>('HTMLOptionElement', 'selected');
const selectedOf = read<ArrayLike<Element>>('HTMLSelectElement', 'selectedOptions');
const chosenIn = read<number>('HTMLSelectElement', 'selectedIndex');
const optionIn = call<HTMLSelectElement['item']>('HTMLSelectElement', 'item');
/** The options that are chosen. The browser goes through all to find them, so of a list with one choice that is asked for by its place. */
export function chosenOf(select: Element): ArrayLike<Element> {
  const option = hasAttribute(select, 'multiple') ? null : optionIn(select, chosenIn(select));
  return option ? [option] : selectedOf(select);
}
export const addedNodes = read<NodeList>('MutationRecord', 'addedNodes');
export const removedNodes = read<NodeList>('MutationRecord', 'removedNodes');

const sheets = ['HTMLStyleElement', 'HTMLLinkElement', 'SVGStyleElement'].map((name) =>
  read<CSSStyleSheet | null>(name, 'sheet'),
);
/** The style sheet of a `style`, of either language, or of a `link`; null of what only has the name of one. */
export function sheetOf(owner: Element): CSSStyleSheet | null {
  for (const sheetOfKind of sheets)
    try {
      return sheetOfKind(owner);
    } catch {
      // It is of another kind.
    }
  return null;
}
const rulesIn = read<CSSRuleList>('CSSStyleSheet', 'cssRules');
/** Undefined where the page may not read it: of another origin. */
export function rulesOf(sheet: CSSStyleSheet): CSSRuleList | undefined {
  try {
    return rulesIn(sheet);
  } catch {
    return undefined;
  }
}
export const ruleText = read<string>('CSSRule', 'cssText');
export const sheetOfRule = read<CSSStyleSheet | null>('CSSRule', 'parentStyleSheet');
export const ownerOf = read<Element | null>('StyleSheet', 'ownerNode');
export const addressOf = read<string | null>('StyleSheet', 'href');
const adoptedByDocument = read<readonly CSSStyleSheet[] | undefined>('Document', 'adoptedStyleSheets');
const adoptedByTree = read<readonly CSSStyleSheet[] | undefined>('ShadowRoot', 'adoptedStyleSheets');
export const adoptedBy = (root: Node, tree: boolean): readonly CSSStyleSheet[] =>
  (tree ? adoptedByTree : adoptedByDocument)(root) ?? [];
const itemOf = call<HTMLCollection['item']>('HTMLCollection', 'item');
/** The element at a place among all of a document. The browser counts as far as that; by `[place]` it would count all there are. */
export const elementAt = (root: Document, place: number): Element | null => itemOf(byTag(root, '*'), place);
export const slotsIn = call<Element['querySelectorAll']>('Element', 'querySelectorAll') as (
  self: object,
  selector: 'slot',
) => ArrayLike<Element> & Iterable<Element>;
export const assignedTo = call<HTMLSlotElement['assignedNodes']>('HTMLSlotElement', 'assignedNodes');
own.push([window, 'getComputedStyle']);
export const display = method(getComputedStyle);
