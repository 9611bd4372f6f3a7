/** What happens in a document or shadow tree without changing it: edits, scrolls, players, popovers, sheets and frames that come. */
import { MEDIA } from '../../shared/replay_rows.ts';
import { composedPath, localName, on } from '../natives.ts';
import { tools } from '../tools.ts';
import type { Changes } from './changes.ts';
import type { Fields } from './fields.ts';
import type { Rows } from './rows.ts';
import type { Sheets } from './sheets.ts';
import type { Walk } from './walk.ts';

/** In the order of rrweb's numbers. */
const ACTS = ['play', 'pause', 'seeked', 'volumechange', 'ratechange'];

interface Parts {
  walk: Walk;
  changes: Changes;
  fields: Fields;
  sheets: Sheets;
  ask(): void;
  safely(run: () => void): void;
}

export function listenIn(root: Node, rows: Rows, { walk, changes, fields, sheets, ask, safely }: Parts): void {
  const hear = (type: string, run: (target: Node, event: Event) => void) =>
    on(root, type, (event) =>
      safely(() => {
        // What a listener of the tree around is told is the host of this one.
        run(composedPath(event)[0] as Node, event);
        ask();
      }),
    );
  // What is typed comes after this in all that is told.
  for (const type of ['beforeinput', 'input'])
    hear(type, (target, event) =>
      tools()
        ?.learnEdited(event, 0, target as Element)
        .forEach(walk.nodes.mark),
    );
  for (const type of ['input', 'change', 'focus', 'blur']) hear(type, (target) => fields.happened(target as Element));
  hear('slotchange', (target) => changes.slots(target as Element));
  for (const type of ['scroll', 'toggle']) hear(type, (target) => changes.stirred(target));
  hear('load', (target) => {
    const tag = localName(target as Element);
    if (tag === 'iframe') walk.loaded(target as Element);
    else if (tag === 'link' && walk.nodes.known(target)) sheets.read(target as Element);
  });
  ACTS.forEach((act, number) => {
    hear(act, (target) => {
      const id = walk.nodes.known(target);
      if (!id) return;
      rows.row(MEDIA, id, number);
      walk.nodes.player(target as HTMLMediaElement);
    });
  });
}
