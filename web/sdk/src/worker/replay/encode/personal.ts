/**
 * Where a person may have typed or chosen what is shown: what `PERSONAL` in `page/late/personal.ts` selects, asked of what the worker
 * knows of an element. A test holds both to the same answers.
 */
import { EDITED } from '../../../shared/replay_rows.ts';
import type { Noted } from './mirror.ts';

const TAGS = /^(script|style|noscript|iframe|textarea|select|datalist|output)$/;
const ROLES = /box$|^(option|spinbutton|switch|gridcell)$|radio/;
const CLASSES = /CodeMirror|ant-picker|flatpickr/;
const EDITORS = /(?:^|\s)(?:cm-editor|monaco-editor|ace_editor|xterm)(?:\s|$)/;
const CHOICES = /^(checkbox|radio)$/i;

export function isPersonal({ text: tag, attributes }: Pick<Noted, 'text' | 'attributes'>): boolean {
  if (TAGS.test(tag)) return true;
  if (!attributes.size) return false;
  const editable = attributes.get('contenteditable');
  if (editable !== undefined && editable !== 'false') return true;
  if (attributes.has(EDITED) || attributes.has('aria-multiline') || attributes.get('aria-haspopup') === 'listbox')
    return true;
  if (ROLES.test(attributes.get('role') ?? '')) return true;
  const names = attributes.get('class') ?? '';
  if (CLASSES.test(names) || EDITORS.test(names)) return true;
  return /date/i.test(names) && /picker/i.test(names) && tag !== 'body' && tag !== 'html';
}

/** Whether what stands in a node may be what a person typed or chose. */
export function isWithinPersonal(node: Noted, choices: ReadonlySet<string>): boolean {
  for (let around = node.parent; around; around = around.parent) {
    if (around.kind !== 'element') continue;
    // A frame shows a page of its own.
    if (around.text === 'iframe') return false;
    around.personal ??= isPersonal(around);
    if (around.personal || (around.text === 'label' && namesChoice(around, choices))) return true;
  }
  return false;
}

/** Whether a label is that of a radio button or checkbox: in it, or by the id that it names. */
function namesChoice(label: Noted, choices: ReadonlySet<string>): boolean {
  const id = label.attributes.get('for');
  if (id !== undefined) return choices.has(id);
  const waiting = [label];
  for (let next = waiting.pop(); next; next = waiting.pop())
    for (let child = next.first; child; child = child.after) {
      if (isChoice(child)) return true;
      if (child.first) waiting.push(child);
    }
  return false;
}

export const isChoice = (node: Noted): boolean =>
  node.text === 'input' && node.kind === 'element' && CHOICES.test(node.attributes.get('type') ?? '');
