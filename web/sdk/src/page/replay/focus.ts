/**
 * What keys go to. Scripts move it, and it goes with its element, without a sign: so it is looked at in each turn, but seldom in those in a
 * task of the page, which every change would pay.
 */
import { FOCUS } from '../../shared/replay_rows.ts';
import { focusedIn } from './platform.ts';
import type { Rows } from './rows.ts';

export function focusOf(rows: Rows, known: (node: Node) => number) {
  /** The number of what had it when it was told last. */
  let told = 0;
  return {
    forget(): void {
      told = 0;
    },
    look(): void {
      const element = focusedIn(document);
      const number = element ? known(element) : 0;
      if (number === told) return;
      told = number;
      rows.row(FOCUS, number);
    },
  };
}
