/** What opens and closes: `details`, dialogs, popovers. Their events stay in their tree. */
import * as WORDS from '../../shared/words.ts';
import { localName } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

export function captureToggles(tracker: Tracker): void {
  /** Dialogs of browsers that tell of both; older ones tell only that they close. */
  const tell = new WeakSet<Element>();
  tracker.roots.each((root) => {
    tracker.on<ToggleEvent>(root, 'toggle', (event, at, element) => {
      if (!element) return;
      tell.add(element);
      const state = event.newState ?? ((element as HTMLDetailsElement).open ? 'open' : 'closed');
      tracker.note('toggle', at, tracker.know(element, true), 0, WORDS.toggle.indexOf(state as 'open'));
    });
    tracker.on(root, 'close', (_, at, dialog) => {
      if (!dialog || localName(dialog) !== 'dialog' || tell.has(dialog)) return;
      tracker.note('toggle', at, tracker.know(dialog, true), 0, WORDS.toggle.indexOf('closed'));
    });
  });
}
