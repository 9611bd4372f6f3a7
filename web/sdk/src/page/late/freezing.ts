/** Pages that are not seen may be frozen, and thawed. */
import * as WORDS from '../../shared/words.ts';
import type { Tracker } from '../tracker.ts';

export function captureFreezing({ note, on, freezeNow }: Tracker): void {
  const tell = (state: (typeof WORDS.visibility)[number], at: number) =>
    note('visibility', at, 0, 0, WORDS.visibility.indexOf(state));
  on(document, 'freeze', (_, at) => {
    tell('frozen', at);
    freezeNow();
  });
  on(document, 'resume', (_, at) => tell('resumed', at));
}
