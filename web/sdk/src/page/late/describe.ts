/** What is told of an element: what a person would call it, and the landmarks that it lies in. Raw: nothing is masked yet. */
import type { RawElement } from '../../shared/chunk.ts';
import { STRING_UNITS_MAX } from '../../shared/limits.ts';
import { attribute, hasAttribute, idOf, localName, parentElement, previousElement, typedIn } from '../natives.ts';
import { hostAround } from '../privacy.ts';
import { edited, purposeOfText, showsIn } from './personal.ts';
import { textAround, textIn } from './reading.ts';

const ANCESTORS_MAX = 3;
/** How far up landmarks are looked for. */
const DEPTH_MAX = 32;
const SIBLINGS_MAX = 50;
const LANDMARK = /^(main|form|nav|header|footer|aside|section|article|dialog|table|ul|ol|fieldset)$/;
/** Roles that elements have without saying so; any other input is a textbox. */
const ROLES: Record<string, string> = { a: 'link', select: 'combobox', textarea: 'textbox', submit: 'button' };
const OWN_ROLES = /^(button|checkbox|radio|form|main|img|table|dialog)$/;

type Part = NonNullable<RawElement['path']>[number];

const short = (text: string | null | undefined) => text?.slice(0, STRING_UNITS_MAX) ?? '';

function part(element: Element, tag: string, id: string, target: boolean): Part {
  const label = attribute(element, 'data-ct-label');
  if (label) return [`${tag}@`, short(label), ''];
  if (id) return [`${tag}#`, short(id), ''];
  for (const name of ['name', 'role']) {
    const value = attribute(element, name);
    if (value) return [`${tag}[${name}=`, short(value), ']'];
  }
  return [target ? tag + position(element, tag) : tag, '', ''];
}

/** `:nth-of-type(n)`, where the element has siblings of its kind before it. */
function position(element: Element, tag: string): string {
  let nth = 1;
  for (let e = previousElement(element); e && nth < SIBLINGS_MAX; e = previousElement(e))
    if (localName(e) === tag) nth++;
  return nth > 1 ? `:nth-of-type(${nth})` : '';
}

/** `main>form>button#buy`: the element itself, and up to three of its landmarks, lists, or named ancestors. */
function pathOf(element: Element, tag: string, id: string): Part[] {
  const parts = [part(element, tag, id, true)];
  let depth = 0;
  for (let e = parentOf(element); e && parts.length <= ANCESTORS_MAX && ++depth < DEPTH_MAX; e = parentOf(e)) {
    const name = localName(e);
    if (name === 'body') break;
    const entry = name === 'li' || name === 'tr';
    const own = idOf(e);
    if (entry || own || LANDMARK.test(name) || hasAttribute(e, 'data-ct-label'))
      parts.unshift(part(e, name, own, entry));
  }
  return parts;
}

function parentOf(element: Element): Element | null {
  return parentElement(element) ?? hostAround(element);
}

function roleOf(element: Element, tag: string): string {
  const role = attribute(element, 'role');
  if (role) return role.slice(0, 32);
  const kind = tag === 'input' ? (element as HTMLInputElement).type : tag;
  return ROLES[kind] ?? (OWN_ROLES.test(kind) ? kind : tag === 'input' ? 'textbox' : '');
}

const BUTTON_TYPES = /^(submit|button|reset)$/;

/** Text that the page itself shows on an element; never what a person typed into it, or chose. */
function textOf(element: Element, tag: string): Pick<RawElement, 'text' | 'purpose'> {
  if (tag === 'input') {
    const isButton = BUTTON_TYPES.test((element as HTMLInputElement).type) && !edited.has(element);
    return { text: isButton ? short(typedIn(element)) : '' };
  }
  const purpose = purposeOfText(element);
  if (purpose === undefined) return { text: '' };
  return { text: textIn(element, showsIn), ...(purpose && { purpose }) };
}

export function describe(element: Element): RawElement {
  const tag = localName(element);
  const id = idOf(element);
  const shown = textOf(element, tag);
  return {
    tag,
    id: short(id),
    name: short(attribute(element, 'name')),
    role: roleOf(element, tag),
    ...shown,
    around: shown.text ? textAround(element) : ['', ''],
    path: pathOf(element, tag, id),
    rect: null,
  };
}
