/** Signs of life while the page is seen, and somebody is there. */
import { HEARTBEAT_EVERY_MS, HEARTBEAT_INPUT_WITHIN_MS } from '../../shared/limits.ts';
import { later, now, visibilityOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

export function captureHeartbeats({ on, inputAt, note }: Tracker): void {
  on(window, 'wheel', () => {}); // scrolled or not, it is input
  const beat = () => {
    later(beat, HEARTBEAT_EVERY_MS);
    const at = now();
    if (visibilityOf(document) === 'visible' && at - inputAt() <= HEARTBEAT_INPUT_WITHIN_MS) note('heartbeat', at);
  };
  later(beat, HEARTBEAT_EVERY_MS);
}
