/** What opens and closes: `details`, dialogs, popovers. Their events stay in their tree. */
import { WORDS } from '../../shared/types.ts';
import { localName } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

export function captureToggles(tracker: Tracker): void {
  /** Dialogs of browsers that tell of both; older ones tell only that they close. */
  const tell = new WeakSet<Element>();
  tracker.roots.each((root) => {
    tracker.on<ToggleEvent>(root, 'toggle', (event, at) => {
      const element = tracker.roots.target(event);
      if (!element) return;
      tell.add(element);
      const state = event.newState ?? ((element as HTMLDetailsElement).open ? 'open' : 'closed');
      tracker.note('toggle', at, tracker.number(element, true), [WORDS.toggle.indexOf(state as 'open')]);
    });
    tracker.on(root, 'close', (event, at) => {
      const dialog = tracker.roots.target(event);
      if (!dialog || localName(dialog) !== 'dialog' || tell.has(dialog)) return;
      tracker.note('toggle', at, tracker.number(dialog, true), [WORDS.toggle.indexOf('closed')]);
    });
  });
}
