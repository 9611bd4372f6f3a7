/** A short, stable name of an element: what a person would call it, and the landmarks that it lies in. */
import { clean, elementText, maskText } from './masking.ts';
import type { ElementInfo } from './wire.ts';

const ANCESTORS_MAX = 3;
const SIBLINGS_MAX = 50;
const LANDMARK = /^(main|form|nav|header|footer|aside|section|article|dialog|table|ul|ol|fieldset)$/;
const INPUT_ROLES: Record<string, string> = {
  checkbox: 'checkbox',
  radio: 'radio',
  range: 'slider',
  number: 'spinbutton',
  search: 'searchbox',
  submit: 'button',
  button: 'button',
  reset: 'button',
};
const ROLES: Record<string, string> = {
  a: 'link',
  button: 'button',
  select: 'combobox',
  textarea: 'textbox',
  summary: 'button',
  nav: 'navigation',
  main: 'main',
  form: 'form',
  img: 'img',
  table: 'table',
  dialog: 'dialog',
};

function part(element: Element, target: boolean): string {
  const tag = element.localName;
  const label = element.getAttribute('data-ct-label');
  if (label) return `${tag}@${maskText(label, 64)}`;
  if (element.id) return `${tag}#${maskText(element.id, 64)}`;
  const name = element.getAttribute('name');
  if (name) return `${tag}[name=${maskText(name, 64)}]`;
  const role = element.getAttribute('role');
  if (role) return `${tag}[role=${clean(role, 32)}]`;
  return target ? tag + position(element) : tag;
}

/** `:nth-of-type(n)`, where the element has siblings of its kind. */
function position(element: Element): string {
  let before = 1;
  let same = false;
  let seen = 0;
  for (let e = element.previousElementSibling; e && seen++ < SIBLINGS_MAX; e = e.previousElementSibling)
    if (e.localName === element.localName) before++;
  for (let e = element.nextElementSibling; e && !same && seen++ < SIBLINGS_MAX; e = e.nextElementSibling)
    same = e.localName === element.localName;
  return before > 1 || same ? `:nth-of-type(${before})` : '';
}

/** `main>form>button#buy`: the element itself, and up to three of its landmarks, lists, or named ancestors. */
export function elementPath(element: Element): string {
  const parts = [part(element, true)];
  for (let e = parentOf(element); e && e.localName !== 'body' && parts.length <= ANCESTORS_MAX; e = parentOf(e)) {
    const inList = /^(li|tr)$/.test(e.localName);
    const named = e.id || e.hasAttribute('data-ct-label');
    if (inList) parts.unshift(part(e, true));
    else if (named || LANDMARK.test(e.localName)) parts.unshift(part(e, false));
  }
  return parts.join('>');
}

function parentOf(element: Element): Element | null {
  return element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;
}

function roleOf(element: Element): string | null {
  const role = element.getAttribute('role');
  if (role) return clean(role, 32);
  if (element.localName === 'input') return INPUT_ROLES[(element as HTMLInputElement).type] ?? 'textbox';
  return ROLES[element.localName] ?? null;
}

const tenth = (pixels: number) => Math.round(pixels * 10) / 10;

export function describe(element: Element): ElementInfo {
  const { left, top, width, height } = element.getBoundingClientRect();
  const name = element.getAttribute('name');
  return {
    path: elementPath(element),
    tag: clean(element.localName, 64),
    id: element.id ? maskText(element.id, 64) : null,
    name: name ? maskText(name, 64) : null,
    role: roleOf(element),
    text: elementText(element),
    rect: [tenth(left), tenth(top), tenth(width), tenth(height)],
  };
}
