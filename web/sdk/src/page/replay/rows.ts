/** Numbers and texts on their way to the worker; `shared/replay_rows.ts` says what they mean. */

const NUMBERS_AT_FIRST = 4_096;

export type Rows = ReturnType<typeof rowsOf>;

export function rowsOf() {
  let numbers = new Int32Array(NUMBERS_AT_FIRST);
  let used = 0;
  let texts: string[] = [];
  const names = new Map<string, number>();

  function put(number: number): void {
    if (used === numbers.length) {
      const more = new Int32Array(used * 2);
      more.set(numbers);
      numbers = more;
    }
    numbers[used++] = number;
  }

  function row(...all: (number | boolean)[]): void {
    // The list makes 0 and 1 of what is true or not.
    for (let n = 0; n < all.length; n++) put(all[n] as number);
  }

  /** A text of which it is told elsewhere how long it is. */
  function piece(text: string): void {
    texts.push(text);
  }

  function string(text: string): void {
    put(text.length);
    piece(text);
  }

  function name(name: string): void {
    const known = names.get(name);
    if (known === undefined) {
      names.set(name, names.size);
      put(-1);
      string(name);
    } else put(known);
  }

  return {
    put,
    row,
    piece,
    string,
    name,
    /** Names are told anew from here on: whoever reads begins anew. */
    forgetNames: () => names.clear(),
    /** Numbers that are held. */
    length: () => used,
    /** The texts since the last time. */
    text(): string {
      const text = texts.join('');
      texts = [];
      return text;
    },
    /** All numbers that are held, in a buffer to give away. */
    takeNumbers(): Int32Array<ArrayBuffer> {
      const taken = numbers;
      numbers = new Int32Array(NUMBERS_AT_FIRST);
      used = 0;
      return taken;
    },
  };
}
