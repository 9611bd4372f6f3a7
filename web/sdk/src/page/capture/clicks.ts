/** Buttons of the pointer: down, up, click, double click, context menu. */
import { type EventType, WORDS } from '../../shared/types.ts';
import type { Tracker } from '../tracker.ts';

const TYPES: Record<string, EventType> = {
  pointerdown: 'pointer_down',
  pointerup: 'pointer_up',
  click: 'click',
  dblclick: 'double_click',
  contextmenu: 'context_menu',
};

/** The place of the event's pointer among the words of the contract; NaN: none, as of a click by the keyboard. */
export function pointerType({ pointerType }: Partial<PointerEvent>): number {
  if (pointerType === 'mouse') return 0;
  const place = WORDS.pointer_type.indexOf(pointerType as 'touch');
  return place < 0 ? Number.NaN : place;
}

export function captureClicks(tracker: Tracker): void {
  for (const [dom, type] of Object.entries(TYPES))
    tracker.on<PointerEvent>(window, dom, (event, at) => {
      const { clientX, clientY, button } = event;
      const target = tracker.roots.target(event);
      const element = tracker.number(target, true);
      const seq = tracker.note(type, at, element, [clientX, clientY, button, pointerType(event)]);
      if (type === 'click') tracker.effects.arm(seq, event, target);
    });
}
