/** Numbers and texts on their way to the worker; `shared/replay_rows.ts` says what they mean. */

const NUMBERS_AT_FIRST = 4_096;

export class Rows {
  private numbers = new Int32Array(NUMBERS_AT_FIRST);
  private used = 0;
  private texts: string[] = [];
  private names = new Map<string, number>();

  put(number: number): void {
    if (this.used === this.numbers.length) {
      const more = new Int32Array(this.used * 2);
      more.set(this.numbers);
      this.numbers = more;
    }
    this.numbers[this.used++] = number;
  }

  row(...numbers: (number | boolean)[]): void {
    for (const number of numbers) this.put(Number(number));
  }

  string(text: string): void {
    this.put(text.length);
    this.piece(text);
  }

  /** A text of which it is told elsewhere how long it is. */
  piece(text: string): void {
    this.texts.push(text);
  }

  name(name: string): void {
    const known = this.names.get(name);
    if (known === undefined) {
      this.names.set(name, this.names.size);
      this.put(-1);
      this.string(name);
    } else this.put(known);
  }

  /** Names are told anew from here on: whoever reads begins anew. */
  forgetNames(): void {
    this.names.clear();
  }

  get isEmpty(): boolean {
    return !this.used;
  }

  /** Everything that was written. */
  take(): { numbers: Int32Array<ArrayBuffer>; text: string } {
    const taken = { numbers: this.numbers.slice(0, this.used), text: this.texts.join('') };
    this.used = 0;
    this.texts = [];
    return taken;
  }
}
