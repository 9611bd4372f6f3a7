/** Buttons of the pointer: down, up, click, double click, context menu. */
import type { Tracker } from '../tracker.ts';
import type { EventType } from '../wire.ts';

const TYPES: Record<string, EventType> = {
  pointerdown: 'pointer_down',
  pointerup: 'pointer_up',
  click: 'click',
  dblclick: 'double_click',
  contextmenu: 'context_menu',
};

/** The innermost element, also inside open shadow trees: only what hosts one hides another target. */
export function targetOf(event: Event): Element | null {
  const { target } = event;
  if (!(target instanceof Element)) return null;
  return target.shadowRoot ? (event.composedPath()[0] as Element) : target;
}

const quarter = (pixels: number) => Math.round(pixels * 4) / 4;

export function captureClicks(tracker: Tracker): void {
  for (const [dom, type] of Object.entries(TYPES))
    tracker.on<MouseEvent>(window, dom, (event, at) => {
      const { clientX, clientY, button } = event;
      tracker.track(type, at, { x: quarter(clientX), y: quarter(clientY), button }, targetOf(event));
    });
}
