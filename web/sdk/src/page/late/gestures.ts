/** Dragging, as far as a thing is taken and put down; touches that the browser took for itself; printing. */
import * as WORDS from '../../shared/words.ts';
import { pointerType } from '../common.ts';
import type { Tracker } from '../tracker.ts';

export function captureGestures(tracker: Tracker): void {
  WORDS.drag.forEach((state, place) => {
    tracker.on<DragEvent>(window, state === 'drop' ? state : `drag${state}`, (event, at, element) => {
      tracker.note('drag', at, tracker.know(element, true), 0, event.clientX, event.clientY, place);
    });
  });
  tracker.on<PointerEvent>(window, 'pointercancel', (event, at, element) => {
    const its = tracker.know(element, true);
    tracker.note('pointer_cancel', at, its, 0, event.clientX, event.clientY, Number.NaN, pointerType(event));
  });
  tracker.on(window, 'beforeprint', (_, at) => tracker.note('print', at));
}
