/** Fields and forms: focus, blur, edits, choices, submit. Values stay on the page unless the field is unmasked. */
import { isIgnored, isUnmasked, maskText } from '../masking.ts';
import type { Tracker } from '../tracker.ts';
import { targetOf } from './clicks.ts';

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
    const field = targetOf(event);
    if (!field || isIgnored(field) || field.tagName === 'SELECT' || CHOICES.test((field as Field).type)) return;
    const value = isUnmasked(field) ? { value: maskText((field as Field).value ?? '') } : {};
    const input = { kind: event.inputType || 'insertReplacementText', length: lengthOf(field), ...value };
    tracker.track('input', at, { input }, field);
  });
}

function captureChoices(tracker: Tracker): void {
  tracker.on(window, 'change', (event, at) => {
    const field = targetOf(event);
    if (!field || isIgnored(field)) return;
    if (field instanceof HTMLSelectElement) {
      const label = isUnmasked(field) && { label: maskText(field.selectedOptions[0]?.text ?? '') };
      tracker.track('change', at, { change: { index: field.selectedIndex, ...label } }, field);
    } else if (field instanceof HTMLInputElement && CHOICES.test(field.type)) {
      const label = isUnmasked(field) && { label: maskText(field.labels?.[0]?.textContent ?? '') };
      tracker.track('change', at, { change: { index: choiceIndex(field), checked: field.checked, ...label } }, field);
    }
  });
}

export function captureFields(tracker: Tracker): void {
  let focusedAt = 0;
  tracker.on<FocusEvent>(window, 'focusin', (event, at) => {
    const field = targetOf(event);
    focusedAt = at;
    // Learns of a password field before a "show password" button can disguise it.
    if (field) isUnmasked(field);
    if (field) tracker.track('focus', at, {}, field);
  });
  tracker.on<FocusEvent>(window, 'focusout', (event, at) => {
    const field = targetOf(event);
    const since = focusedAt || at;
    if (field) tracker.track('blur', at, { duration_ms: Math.max(0, at - since) }, field);
  });
  captureEdits(tracker);
  captureChoices(tracker);
  tracker.on(window, 'submit', (event, at) => {
    tracker.track('submit', at, {}, targetOf(event));
    tracker.cut();
  });
}
