/** What a person typed or chose, and what of it may be told. */
import type { Purpose } from '../../shared/chunk.ts';
import { INPUTS_MAX, STRING_UNITS_MAX } from '../../shared/limits.ts';
import { quietly } from '../guard.ts';
import {
  attribute,
  closest,
  getter,
  hasAttribute,
  inputsIn,
  kind,
  localName,
  matches,
  method,
  nodeType,
  parentElement,
  rootOf,
  shadowRootOf,
  slotOf,
  textSlotOf,
  typedIn,
} from '../natives.ts';
import { CHOICES, hostAround, isBlocked, within } from '../privacy.ts';
import type { Tools } from '../tools.ts';
import { byId } from './platform.ts';
import { textIn } from './reading.ts';

const NEVER_TYPES = /^(hidden|email|tel|file)$/i;
/** Where a field says what it is for; `style`, since `-webkit-text-security` makes a password of it. */
const HINTS = ['inputmode', 'name', 'id', 'aria-label', 'placeholder', 'title', 'style'];
/**
 * What shows no text of the page, or what was typed or chosen: fields, editors, lists of choices, dates of a calendar. Roles are
 * those of WAI-ARIA; some editors draw beside a hidden field what is typed into it, and are known by the names of their parts.
 */
const PERSONAL =
  'script,style,noscript,iframe,textarea,select,datalist,output,[contenteditable]:not([contenteditable=false]),' +
  '[aria-multiline],[role$=box],[role=option],[aria-haspopup=listbox],[role=spinbutton],[role=switch],[role*=radio],[role=gridcell],' +
  '[class*=CodeMirror],.cm-editor,.monaco-editor,.ace_editor,.xterm,[class*="date" i][class*="picker" i]:not(body,html),[class*=ant-picker],[class*=flatpickr]';
const NO_TEXT = `[data-ct-block],${PERSONAL}`;

/** Fields that once were a password: a "show password" button turns them into text. */
const passwords = new WeakSet<Element>();

function isPassword(field: Element): boolean {
  if (/^password$/i.test(attribute(field, 'type') ?? '')) passwords.add(field);
  return passwords.has(field);
}

/** See `tools.ts`. It stays so when it is an editor or a text field no more, or stands elsewhere. */
export const edited = new WeakSet<Node>();

const typeOf = getter<string>(kind('HTMLInputElement'), 'type');
const designOf = getter<string>(kind('Document'), 'designMode');
const rangesOf = method(kind<Partial<InputEvent>>('InputEvent').getTargetRanges ?? (() => []));

/**
 * Whatever makes an editor, of a style or a script too, the browser says `beforeinput` before each edit; of what it fills in, or a
 * script types for a person, only `input`.
 */
export const learnEdited: Tools['learnEdited'] = (event, _, editor) => {
  const found: Node[] = [];
  // Of a script it may be any event; what was chosen in a list is no typed text; not every `input` says what it changes.
  const typed = event.isTrusted && editor && localName(editor) !== 'select';
  let node: Node | null = typed ? (quietly(() => rangesOf(event)[0]?.startContainer) ?? editor) : null;
  while (node) {
    edited.add(node);
    found.push(node);
    node = node === editor ? null : parentElement(node);
  }
  return found;
};

function isEdited(element: Element): boolean {
  for (let e: Element | null = element; e; e = parentElement(e) ?? hostAround(e)) if (edited.has(e)) return true;
  return designOf(document) === 'on';
}

/** Remembers which inputs of a tree are passwords now, before a press can disguise them. `all`: whatever they are, one may have been. */
export function learnPasswords(root: Node, all = false): void {
  const inputs = inputsIn(root);
  for (let n = 0; n < INPUTS_MAX; n++) {
    const input = inputs[n];
    if (!input) return;
    const type = typeOf(input);
    if (type === 'password' || (all && !CHOICES.test(type))) passwords.add(input);
  }
}

/** Of a field whose value or chosen label may be told unless that is of a sensitive kind. */
export function purposeOf(field: Element): Purpose | undefined {
  const at = (name: string) => attribute(field, name) ?? '';
  if (!hasAttribute(field, 'data-ct-unmask') || isPassword(field) || NEVER_TYPES.test(at('type'))) return undefined;
  const root = rootOf(field);
  const named = at('aria-labelledby').split(/\s+/);
  const labels = [...named.map((id) => byId(root, id)), ...((field as HTMLInputElement).labels ?? [])];
  const hints = [...HINTS.map(at), ...labels.map((label) => label && textIn(label, () => true))].join(' ');
  // Longer ones are not judged by a part of them.
  return hints.length > STRING_UNITS_MAX ? undefined : [at('autocomplete'), hints];
}

/**
 * The field that what an element shows was chosen in, as far as can be known; null: it is the page's own text; undefined: it may
 * not be told.
 */
export function purposeOfText(element: Element): Purpose | null | undefined {
  const control = (closest(element, 'label') as HTMLLabelElement | null)?.control as
    | HTMLInputElement
    | null
    | undefined;
  if (isEdited(element)) return undefined;
  const found = within(element, PERSONAL);
  // Unless it is that of an editor or a list within the label.
  if (control && CHOICES.test(control.type) && !(found && closest(found, 'label'))) return purposeOf(control);
  if (!found) return null;
  const list = closest(found, 'select,[role=listbox]');
  return list ? purposeOf(list) : undefined;
}

/** Whether the text of an element may hold that of a node in it. */
export function showsIn(child: Node, parent: Element): boolean {
  const isElement = nodeType(child) === Node.ELEMENT_NODE;
  if (shadowRootOf(parent)) {
    const slot = (isElement ? slotOf : textSlotOf)(child);
    if (!slot || isBlocked(slot)) return false;
  }
  return !edited.has(child) && (!isElement || !matches(child, NO_TEXT));
}

/** The value of a text field. */
export function valueToTell(field: Element): ReturnType<Tools['valueToTell']> {
  const purpose = purposeOf(field);
  const value = purpose && typedIn(field)?.slice(0, STRING_UNITS_MAX);
  return purpose && value !== undefined ? { value, purpose } : undefined;
}

/** The label of what was chosen in a select, or of a checkbox or radio button. */
export function labelToTell(field: Element): ReturnType<Tools['labelToTell']> {
  const purpose = purposeOf(field);
  if (!purpose) return undefined;
  const { options, selectedIndex, labels } = field as HTMLSelectElement;
  // `selectedOptions` would go through all of them.
  const label = options ? options[selectedIndex] : labels?.[0];
  const text = label && !isBlocked(label) && !isEdited(label) ? textIn(label, showsIn) : '';
  return { label: text.slice(0, STRING_UNITS_MAX), purpose };
}
