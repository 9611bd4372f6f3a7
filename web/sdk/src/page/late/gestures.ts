/** Dragging, as far as a thing is taken and put down; touches that the browser took for itself; printing. */
import { WORDS } from '../../shared/types.ts';
import { pointerType } from '../capture/clicks.ts';
import type { Tracker } from '../tracker.ts';

export function captureGestures(tracker: Tracker): void {
  const element = (event: Event) => tracker.number(tracker.roots.target(event), true);
  WORDS.drag.forEach((state, place) => {
    tracker.on<DragEvent>(window, state === 'drop' ? state : `drag${state}`, (event, at) => {
      tracker.note('drag', at, element(event), [event.clientX, event.clientY, place]);
    });
  });
  tracker.on<PointerEvent>(window, 'pointercancel', (event, at) => {
    const { clientX, clientY } = event;
    tracker.note('pointer_cancel', at, element(event), [clientX, clientY, Number.NaN, pointerType(event)]);
  });
  tracker.on(window, 'beforeprint', (_, at) => tracker.note('print', at));
}
