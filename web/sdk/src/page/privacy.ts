/** What the page asked not to be captured, through shadow trees; and what a person typed or chose, and may be told. */
import { INPUTS_MAX } from '../shared/limits.ts';
import {
  attribute,
  byId,
  closest,
  hasAttribute,
  inputsIn,
  matches,
  nodeType,
  parentElement,
  rootOf,
  shadowRootOf,
  slotOf,
  textSlotOf,
} from './natives.ts';
import { textIn } from './reading.ts';
import { isSensitive } from './sensitive.ts';

const NEVER_TYPES = /^(hidden|email|tel|file)$/i;
export const CHOICES = /^(checkbox|radio)$/;
/** Where a field says what it is for; `style`, since `-webkit-text-security` makes a password of it. */
const HINTS = ['inputmode', 'name', 'id', 'aria-label', 'placeholder', 'title', 'style'];
/**
 * What shows no text of the page, or what was typed or chosen: fields, editors, lists of choices, dates of a calendar. Roles are those of WAI-ARIA;
 * some editors draw beside a hidden field what is typed into it, and are known by the names of their parts.
 */
const PERSONAL =
  'script,style,noscript,iframe,textarea,select,option,optgroup,datalist,output,[contenteditable]:not([contenteditable=false]),[aria-multiline],' +
  '[role$=box],[role=option],[role=spinbutton],[role=switch],[role*=radio],[role=menuitemcheckbox],[role=gridcell],' +
  '[class*=CodeMirror],.cm-editor,.monaco-editor,.ace_editor,.xterm,[class*="picker" i],[class*=flatpickr]';
const NO_TEXT = `[data-ct-block],${PERSONAL}`;

/** Fields that once were a password: a "show password" button turns them into text. */
const passwords = new WeakSet<Element>();
/** Set with the first shadow tree that is met: before, nothing lies in one. */
let shadows = false;
export const meetShadows = (): void => {
  shadows = true;
};

/** As `closest`, and on from the tree of the element to what shows or hosts it: a slot, a host. */
export function within(element: Element, selectors: string): Element | null {
  if (!shadows) return closest(element, selectors);
  for (let from: Element | null = element; from; from = around(from)) {
    const found = closest(from, selectors);
    if (found) return found;
  }
  return null;
}

function around(element: Element): Element | null {
  for (let e: Element | null = element; e; e = parentElement(e)) {
    const slot = slotOf(e);
    if (slot) return slot;
  }
  return hostAround(element);
}

/** The element that hosts the shadow tree in which this one lies; also of another realm, where `instanceof` fails. */
export function hostAround(element: Element): Element | null {
  const root = rootOf(element);
  return nodeType(root) === Node.DOCUMENT_FRAGMENT_NODE ? ((root as ShadowRoot).host ?? null) : null;
}

/** Nothing inside is captured: no events, no text, no pointer samples. */
export const isBlocked = (element: Element): boolean => !!within(element, '[data-ct-block]');

/** What is done to the field is not captured: input, change, key, clipboard. Clicks and focus still are. */
export const isIgnored = (element: Element): boolean => !!within(element, '[data-ct-ignore]');

function isPassword(field: Element): boolean {
  if (/^password$/i.test(attribute(field, 'type') ?? '')) passwords.add(field);
  return passwords.has(field);
}

/** Remembers which inputs of a tree are passwords now, before a press can disguise them. */
export function learnPasswords(root: Node): void {
  const inputs = inputsIn(root);
  for (let n = 0; n < INPUTS_MAX && inputs[n]; n++) isPassword(inputs[n] as Element);
}

/** Whether the value or the chosen label of a field may be sent: it says so itself and is of no sensitive kind. */
export function isUnmasked(field: Element): boolean {
  const at = (name: string) => attribute(field, name) ?? '';
  if (!hasAttribute(field, 'data-ct-unmask') || isPassword(field) || NEVER_TYPES.test(at('type'))) return false;
  const root = rootOf(field);
  const named = at('aria-labelledby').split(/\s+/);
  const labels = [...named.map((id) => byId(root, id)), ...((field as HTMLInputElement).labels ?? [])];
  const hints = [...HINTS.map(at), ...labels.map((label) => label && textIn(label, () => true))];
  return !isSensitive(at('autocomplete'), hints.join(' '));
}

/** Whether what an element shows was typed or chosen by a person, as far as can be known, and may not be told. */
export function isPersonal(element: Element): boolean {
  const control = (closest(element, 'label') as HTMLLabelElement | null)?.control as
    | HTMLInputElement
    | null
    | undefined;
  if (control && CHOICES.test(control.type)) return !isUnmasked(control);
  const found = within(element, PERSONAL);
  const list = found && closest(found, 'select,[role=listbox]');
  return !!found && !(list && isUnmasked(list));
}

/** Whether the text of an element may hold that of a node in it. */
export function showsIn(child: Node, parent: Element): boolean {
  const isElement = nodeType(child) === Node.ELEMENT_NODE;
  if (shadowRootOf(parent)) {
    const slot = (isElement ? slotOf : textSlotOf)(child);
    if (!slot || isBlocked(slot)) return false;
  }
  return !isElement || !matches(child, NO_TEXT);
}
