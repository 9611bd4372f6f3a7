/** Buttons of the pointer: down, up, click, double click, context menu. */
import type { EventType } from '../../shared/types.ts';
import { pointerType } from '../pointer_type.ts';
import type { Tracker } from '../tracker.ts';

const TYPES: Record<string, EventType> = {
  pointerdown: 'pointer_down',
  pointerup: 'pointer_up',
  click: 'click',
  dblclick: 'double_click',
  contextmenu: 'context_menu',
};

export function captureClicks(tracker: Tracker): void {
  for (const [dom, type] of Object.entries(TYPES))
    tracker.on<PointerEvent>(window, dom, (event, at, element) => {
      const { clientX, clientY, button } = event;
      const seq = tracker.note(type, at, tracker.know(element, true), 0, clientX, clientY, button, pointerType(event));
      if (type === 'click') tracker.effects.arm(seq, event, element);
    });
}
