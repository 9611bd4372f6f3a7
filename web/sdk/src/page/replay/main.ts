/**
 * Entry of telemetry.replay.js, which is loaded where a page is to be recorded. What it imports from the page's part is that part's
 * own (`handed.ts`).
 */
import type { FromReplay, NoReplay } from '../../shared/replay_messages.ts';
import { guarded } from '../guard.ts';
import { baseOf, now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { keepBooks } from './books.ts';

/** The collector's, where frames go. */
const REPLAY_PATH = '/v1/replay';

/**
 * Sends the worker a port for the recording. Its answer says that there is consent, and so who the visitor is; `shareOf`: where that one
 * stands among all, from 0 to 1.
 */
export function startReplay(tracker: Tracker, shareOf: (visitor: string) => number): void {
  const { data, key, worker, anonymous, memoryOnly } = tracker.settings;
  const { ctReplay = '', ctReplaySample = '1', ctEndpoint = '', ctReplayPath = REPLAY_PATH } = data;
  const not = (reason: NoReplay) => tracker.note('capture_degraded', now(), 0, { what: `replay:${reason}` }, 0);
  if (anonymous) {
    not('gpc');
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<FromReplay>) =>
    guarded(() => {
      port1.onmessage = null;
      if (data.replay === 'stop') not(data.reason ?? 'consent');
      else if (shareOf(tracker.stats().visitor_id) >= Number(ctReplaySample)) not('sampled_out');
      else keepBooks(tracker, port1, not);
    });
  const script = data.ctReplayWorker ?? worker.replace('.worker.', '.replay.worker.');
  tracker.order({
    kind: 'replay',
    ports: [port2],
    script: new URL(script, baseOf(document)).href,
    address: `${ctEndpoint.replace(/\/+$/, '')}${ctReplayPath}?key=${encodeURIComponent(key)}`,
    tab_id: tracker.stats().tab_id,
    memory_only: memoryOnly,
    mode: ctReplay,
    images: data.ctReplayImages,
  });
}
