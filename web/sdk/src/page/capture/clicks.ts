/** Buttons of the pointer: down, up, click, double click, context menu. */
import { pointerType } from '../pointer_type.ts';
import type { Tracker } from '../tracker.ts';

const TYPES = ['click', 'double_click', 'context_menu', 'pointer_down', 'pointer_up'] as const;

export function captureClicks(tracker: Tracker): void {
  // The browser calls them `dblclick`, `contextmenu`, `pointerdown`.
  for (const type of TYPES)
    tracker.on<PointerEvent>(window, type.replace('double', 'dbl').replace('_', ''), (event, at, element) => {
      const { clientX, clientY, button } = event;
      const seq = tracker.note(type, at, tracker.know(element, true), 0, clientX, clientY, button, pointerType(event));
      if (type === 'click') tracker.effects.arm(seq, event, element);
    });
}
