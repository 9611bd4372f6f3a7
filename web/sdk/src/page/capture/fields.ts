/** Fields and forms: focus, blur, edits, choices, submit. Values stay on the page unless the field is unmasked. */
import { STRING_UNITS_MAX } from '../../shared/limits.ts';
import { WORDS } from '../../shared/types.ts';
import { localName } from '../natives.ts';
import { isIgnored, isUnmasked } from '../privacy.ts';
import type { Tracker } from '../tracker.ts';

type Field = HTMLInputElement | HTMLTextAreaElement;

const CHOICES = /^(checkbox|radio)$/;

function lengthOf(element: Element): number {
  return ((element as Field).value ?? element.textContent ?? '').length;
}

/** Position of a radio button in its group; 0 or 1 of a checkbox. */
function choiceIndex(input: HTMLInputElement): number {
  if (input.type === 'checkbox') return Number(input.checked);
  const group = (input.form ?? document).querySelectorAll<HTMLInputElement>('input[type=radio]');
  return [...group].filter((other) => other.name === input.name).indexOf(input);
}

function captureEdits(tracker: Tracker): void {
  tracker.on<InputEvent>(window, 'input', (event, at) => {
    const field = tracker.roots.target(event);
    if (!field || isIgnored(field) || localName(field) === 'select' || CHOICES.test((field as Field).type)) return;
    const kind = WORDS.input.indexOf(event.inputType as 'insertText');
    const value = isUnmasked(field) ? { value: ((field as Field).value ?? '').slice(0, STRING_UNITS_MAX) } : undefined;
    const details = kind < 0 || value ? { kind: kind < 0 ? event.inputType : '', ...value } : undefined;
    tracker.note('input', at, tracker.number(field), [kind, lengthOf(field)], details);
  });
}

function captureChoices(tracker: Tracker): void {
  tracker.roots.each((root) =>
    tracker.on(root, 'change', (event, at) => {
      const field = tracker.roots.target(event);
      if (!field || isIgnored(field)) return;
      const choose = (index: number, checked: number, label: () => string | undefined) => {
        const details = isUnmasked(field) ? { label: (label() ?? '').slice(0, STRING_UNITS_MAX) } : undefined;
        tracker.note('change', at, tracker.number(field), [index, checked], details);
      };
      if (field instanceof HTMLSelectElement)
        choose(field.selectedIndex, Number.NaN, () => field.selectedOptions[0]?.text);
      else if (field instanceof HTMLInputElement && CHOICES.test(field.type))
        choose(choiceIndex(field), Number(field.checked), () => field.labels?.[0]?.textContent ?? '');
    }),
  );
}

export function captureFields(tracker: Tracker): void {
  let focusedAt = 0;
  tracker.on<FocusEvent>(window, 'focusin', (event, at) => {
    const field = tracker.roots.target(event);
    focusedAt = at;
    // Learns of a password field before a "show password" button can disguise it.
    if (field) isUnmasked(field);
    if (field) tracker.note('focus', at, tracker.number(field));
  });
  tracker.on<FocusEvent>(window, 'focusout', (event, at) => {
    const field = tracker.roots.target(event);
    const since = focusedAt || at;
    if (field) tracker.note('blur', at, tracker.number(field), [at - since]);
  });
  captureEdits(tracker);
  captureChoices(tracker);
  tracker.roots.each((root) =>
    tracker.on(root, 'submit', (event, at) => {
      tracker.note('submit', at, tracker.number(tracker.roots.target(event), true));
      tracker.cut();
    }),
  );
}
