/** What fields hold: told as far as the SDK's masks let it be known, and looked at now and then, since scripts set it without a sign. */
import { FIELD, SELECTED, VALUE_LENGTH, VALUE_NONE, VALUE_SHOWN, VALUE_TO_JUDGE } from '../../shared/replay_rows.ts';
import { hasAttribute, localName, typedIn } from '../natives.ts';
import { CHOICES, isIgnored } from '../privacy.ts';
import type { Tools } from '../tools.ts';
import { isChecked, isConnected, selectedOf, typeOf } from './platform.ts';
import type { Rows } from './rows.ts';

/** So many are looked at each time; a page with more is gone through in turns. */
const LOOKED_AT_MAX = 300;
const BUTTON = /^(submit|button|reset)$/;
const VALUELESS = /^(hidden|image|file)$/;

export class Fields {
  /** As they were told last. */
  private told = new Map<Element, string>();

  constructor(
    private rows: Rows,
    private number: (node: Node) => number,
    private valueToTell: Tools['valueToTell'] | undefined,
  ) {}

  forget(): void {
    this.told.clear();
  }

  watch(select: Element): void {
    this.told.set(select, this.choiceOf(select));
  }

  /** How it is checked, and what may be known of its value. */
  tell(field: Element, tag: string): void {
    const { rows } = this;
    const type = tag === 'input' ? typeOf(field) : '';
    const value = typedIn(field) ?? '';
    this.told.set(field, this.stateOf(field));
    const choice = CHOICES.test(type);
    rows.put(choice ? Number(isChecked(field)) : -1);
    if (choice || VALUELESS.test(type) || isIgnored(field)) rows.put(VALUE_NONE);
    else if (BUTTON.test(type)) {
      rows.put(VALUE_SHOWN);
      rows.string(value);
    } else this.value(field, value);
  }

  private value(field: Element, value: string): void {
    const { rows } = this;
    const open = hasAttribute(field, 'data-ct-unmask') ? this.valueToTell?.(field) : undefined;
    if (!open) {
      rows.put(VALUE_LENGTH);
      rows.put(value.length);
      return;
    }
    rows.put(VALUE_TO_JUDGE);
    rows.string(open.value);
    for (const text of open.purpose) rows.string(text);
  }

  /** Tells those that changed. */
  look(): void {
    let looked = 0;
    for (const [field, before] of this.told) {
      if (++looked > LOOKED_AT_MAX) break;
      // Those looked at go to the end of the line.
      this.told.delete(field);
      if (!isConnected(field)) continue;
      this.told.set(field, before);
      this.lookAt(field, before);
    }
  }

  /** Something happened to it. */
  happened(field: Element): void {
    const before = this.told.get(field);
    if (before !== undefined) this.lookAt(field, before);
  }

  private lookAt(field: Element, before: string): void {
    const { rows } = this;
    const tag = localName(field);
    if (tag === 'select') this.lookAtChoice(field, before);
    else if (this.stateOf(field) !== before) {
      rows.put(FIELD);
      rows.put(this.number(field));
      this.tell(field, tag);
    }
  }

  private lookAtChoice(select: Element, before: string): void {
    const { rows } = this;
    const choice = this.choiceOf(select);
    if (choice === before) return;
    this.told.set(select, choice);
    const numbers = choice ? choice.split(',') : [];
    rows.put(SELECTED);
    rows.put(this.number(select));
    rows.put(numbers.length);
    for (const number of numbers) rows.put(Number(number));
  }

  private stateOf(field: Element): string {
    const checked = localName(field) === 'input' && isChecked(field);
    const value = typedIn(field) ?? '';
    // Of most fields no more than the length is told, so no more need be kept.
    const open =
      hasAttribute(field, 'data-ct-unmask') || BUTTON.test(localName(field) === 'input' ? typeOf(field) : '');
    return `${Number(checked)}${open ? value : value.length}`;
  }

  private choiceOf(select: Element): string {
    const options = selectedOf(select);
    let numbers = '';
    for (let n = 0; n < options.length; n++) numbers += `${numbers && ','}${this.number(options[n] as Element)}`;
    return numbers;
  }
}
