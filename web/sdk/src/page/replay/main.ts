/**
 * Entry of telemetry.replay.js, which is loaded where a page is to be recorded. What it imports from the page's part is that part's
 * own (`handed.ts`).
 */
import type { AboutVisitor, FromReplay, NoReplay } from '../../shared/replay_messages.ts';
import { guarded } from '../guard.ts';
import { baseOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { keepBooks } from './books.ts';

/**
 * Sends the worker a port for the recording. Its question says that there is consent, and so who the visitor is. `not`: tells why there is
 * no recording.
 */
export function startReplay(tracker: Tracker, not: (reason: NoReplay) => void): void {
  const { data } = tracker.setup;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: said }: MessageEvent<FromReplay | AboutVisitor>) =>
    guarded(() => {
      if (said.replay === 'visitor') {
        port1.postMessage({ replay: 'visitor', visitor_id: tracker.stats().visitor_id } satisfies AboutVisitor);
        return;
      }
      port1.onmessage = null;
      if (said.replay === 'stop') not(said.reason ?? 'consent');
      else keepBooks(tracker, port1, not);
    });
  tracker.instruct({
    kind: 'replay',
    ports: [port2],
    base: baseOf(document),
    script: data.ctReplayWorker,
    endpoint: data.ctEndpoint,
    path: data.ctReplayPath,
    mode: data.ctReplay,
    sample: data.ctReplaySample,
    images: data.ctReplayImages,
  });
}
