/** Fields and forms: focus, blur, edits, choices, submit. Values stay on the page unless the field is unmasked. */
import { INPUTS_MAX } from '../../shared/limits.ts';
import * as WORDS from '../../shared/words.ts';
import { HIDDEN } from '../elements.ts';
import { hasAttribute, inputsIn, localName, rootOf, typedIn } from '../natives.ts';
import { CHOICES, isIgnored } from '../privacy.ts';
import { tools } from '../tools.ts';
import type { Tracker } from '../tracker.ts';

/** Since when a field has the focus, when it was first edited, how often something was deleted, how often it was refilled; whether it was emptied last. */
type Visit = [since: number, editedAt: number, corrections: number, refills: number, emptied?: boolean];

const TEXTLESS = /^(checkbox|radio|submit|button|reset|image)$/;

/** Whether a person can type into it. */
function takesText(field: Element): boolean {
  return typedIn(field) === undefined
    ? hasAttribute(field, 'contenteditable')
    : !TEXTLESS.test((field as HTMLInputElement).type);
}

const isChoice = (field: Element): boolean => CHOICES.test((field as HTMLInputElement).type);

/** Position of a radio button in its group, NaN beyond `INPUTS_MAX`; 0 or 1 of a checkbox. */
function choiceIndex(input: HTMLInputElement): number {
  const { type, name, form } = input;
  if (type === 'checkbox') return Number(input.checked);
  // The browser keeps this list while nothing changes; else it goes through the document once, 2 ms for 300,000 elements.
  const group = inputsIn(rootOf(input), name);
  for (let n = 0, index = 0; n < INPUTS_MAX; n++) {
    const other = group[n] as HTMLInputElement | undefined;
    if (!other || other === input) return other ? index : Number.NaN;
    if (other.type === type && other.name === name && other.form === form) index++;
  }
  return Number.NaN;
}

function captureEdits(tracker: Tracker): void {
  const visits = new WeakMap<Element, Visit>();
  tracker.on<FocusEvent>(window, 'focusin', (_, at, field) => {
    if (!field) return;
    visits.set(field, [at, Number.NaN, 0, 0, visits.get(field)?.[4]]);
    tracker.note('focus', at, tracker.know(field));
  });
  tracker.on<FocusEvent>(window, 'focusout', (_, at, field) => {
    if (!field) return;
    const [since, editedAt, corrections, refills] = visits.get(field) ?? [at, Number.NaN, 0, 0];
    const its = tracker.know(field);
    if (takesText(field) && !isIgnored(field))
      tracker.note('blur', at, its, 0, at - since, editedAt - since, corrections, refills);
    else tracker.note('blur', at, its, 0, at - since);
  });
  tracker.on<InputEvent>(window, 'input', ({ inputType }, at, field) => {
    if (!field) return;
    const text = typedIn(field);
    // What is chosen and not typed has no kind; it is told when it changes.
    if (!inputType && (text === undefined ? localName(field) === 'select' : isChoice(field))) return;
    const its = tracker.know(field, false, true);
    if (its === HIDDEN) return;
    const length = text?.length ?? tools()?.unitsIn(field) ?? Number.NaN;
    const kind = WORDS.input.indexOf(inputType as 'insertText');
    const visit = visits.get(field);
    if (visit) {
      visit[1] ||= at;
      if (kind && /^(delete|historyUndo)/.test(inputType)) visit[2]++;
      if (length && visit[4]) visit[3]++;
      // A number of which only the sign is typed has no value yet.
      if (kind ? length >= 0 : length) visit[4] = !length;
    }
    const told = hasAttribute(field, 'data-ct-unmask') ? tools()?.valueToTell(field) : undefined;
    const details = kind < 0 || told ? { kind: kind < 0 ? inputType : '', ...told } : undefined;
    tracker.note('input', at, its, details, kind, length);
  });
}

function captureChoices(tracker: Tracker, root: EventTarget): void {
  tracker.on(root, 'change', (_, at, field) => {
    const its = tracker.know(field, false, true);
    if (!field || its === HIDDEN) return;
    const tag = localName(field);
    const input = field as HTMLInputElement;
    const choose = (index: number, checked: number) =>
      tracker.note('change', at, its, tools()?.labelToTell(field), index, checked);
    if (tag === 'select') choose((field as HTMLSelectElement).selectedIndex, Number.NaN);
    else if (tag === 'input' && isChoice(field)) choose(choiceIndex(input), Number(input.checked));
  });
}

export function captureFields(tracker: Tracker): void {
  captureEdits(tracker);
  tracker.roots.each((root) => {
    captureChoices(tracker, root);
    tracker.on(root, 'submit', (_, at, form) => {
      tracker.note('submit', at, tracker.know(form, true));
      // Where the page ends with it, the worker has it already.
      tracker.cutSoon(true);
    });
  });
}
