/** What fields hold: told as far as the SDK's masks let it be known, and looked at now and then, since scripts set it without a sign. */
import { FIELD, SELECTED, VALUE_LENGTH, VALUE_NONE, VALUE_SHOWN, VALUE_TO_JUDGE } from '../../shared/replay_rows.ts';
import { hasAttribute, localName, typedIn } from '../natives.ts';
import { CHOICES, isIgnored } from '../privacy.ts';
import { tools } from '../tools.ts';
import { lookInTurn } from './look_in_turn.ts';
import { chosenOf, isChecked, typeOf } from './platform.ts';
import type { Rows } from './rows.ts';

const BUTTON = /^(submit|button|reset)$/;
const VALUELESS = /^(hidden|image|file)$/;

const typeOfInput = (field: Element): string => (localName(field) === 'input' ? typeOf(field) : '');

export type Fields = ReturnType<typeof fieldsOf>;

export function fieldsOf(rows: Rows, number: (node: Node) => number) {
  /** As they were told last. */
  const told = new Map<Element, string>();

  function forget(): void {
    told.clear();
  }

  function watch(select: Element): void {
    told.set(select, choiceOf(select));
  }

  /** How it is checked, and what may be known of its value. */
  function tell(field: Element): void {
    const type = typeOfInput(field);
    const value = typedIn(field) ?? '';
    told.set(field, stateOf(field));
    const choice = CHOICES.test(type);
    rows.row(choice ? isChecked(field) : -1);
    if (choice || VALUELESS.test(type) || isIgnored(field)) rows.put(VALUE_NONE);
    else if (BUTTON.test(type) && !tools()?.edited.has(field)) {
      rows.put(VALUE_SHOWN);
      rows.string(value);
    } else tellValue(field, value);
  }

  function tellValue(field: Element, value: string): void {
    const open = hasAttribute(field, 'data-ct-unmask') ? tools()?.valueToTell(field) : undefined;
    if (!open) {
      rows.row(VALUE_LENGTH, value.length);
      return;
    }
    rows.put(VALUE_TO_JUDGE);
    rows.string(open.value);
    for (const text of open.purpose) rows.string(text);
  }

  /** Tells those that changed. */
  function look(): void {
    lookInTurn(told, lookAt);
  }

  /** Something happened to it. */
  function happened(field: Element): void {
    const before = told.get(field);
    if (before !== undefined) lookAt(field, before);
  }

  function lookAt(field: Element, before: string): void {
    if (localName(field) === 'select') lookAtChoice(field, before);
    else if (stateOf(field) !== before) {
      rows.row(FIELD, number(field));
      tell(field);
    }
  }

  function lookAtChoice(select: Element, before: string): void {
    const choice = choiceOf(select);
    if (choice === before) return;
    told.set(select, choice);
    // The list makes numbers of them.
    const numbers = (choice ? choice.split(',') : []) as unknown[] as number[];
    rows.row(SELECTED, number(select), numbers.length, ...numbers);
  }

  function stateOf(field: Element): string {
    const type = typeOfInput(field);
    const checked = type && isChecked(field);
    const value = typedIn(field) ?? '';
    // Of most fields no more than the length is told, so no more need be kept.
    const open = hasAttribute(field, 'data-ct-unmask') || BUTTON.test(type);
    return `${checked}${open ? value : value.length}`;
  }

  function choiceOf(select: Element): string {
    const options = chosenOf(select);
    let numbers = '';
    for (let n = 0; n < options.length; n++) numbers += `${numbers && ','}${number(options[n] as Element)}`;
    return numbers;
  }

  return { forget, watch, tell, look, happened };
}
