/** Reads what `page/replay/rows.ts` wrote. */
import type { Rows } from '../../../shared/replay_messages.ts';
import { NAMES_END } from '../../../shared/replay_rows.ts';

export class Reader {
  private at = 0;
  private textAt = 0;
  private numbers: Int32Array = new Int32Array();
  private text = '';
  private names: string[] = [];

  begin({ numbers, text }: Pick<Rows, 'numbers' | 'text'>): void {
    this.numbers = numbers;
    this.text = text;
    this.at = this.textAt = 0;
  }

  get more(): boolean {
    return this.at < this.numbers.length;
  }

  next(): number {
    const number = this.numbers[this.at++];
    if (number === undefined) throw new RangeError('rows end within what they tell');
    return number;
  }

  string(): string {
    return this.cut(this.next());
  }

  /** Undefined for −1. */
  stringIfAny(): string | undefined {
    const units = this.next();
    return units < 0 ? undefined : this.cut(units);
  }

  /** Undefined at the end of names. */
  name(): string | undefined {
    const number = this.next();
    if (number === NAMES_END) return undefined;
    if (number >= 0) return this.names[number] ?? '';
    const name = this.string();
    this.names.push(name);
    return name;
  }

  /** Names are told anew from here on. */
  forgetNames(): void {
    this.names = [];
  }

  /** The next piece of the string. */
  cut(units: number): string {
    const text = this.text.slice(this.textAt, this.textAt + units);
    this.textAt += units;
    return text;
  }
}
