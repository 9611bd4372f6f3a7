/**
 * Entry of telemetry.replay.worker.js, which the worker loads when a page is recorded: encodes, packs, keeps and sends
 * recordings.
 */
import type { TelemetryEvent } from '../../shared/batch.ts';
import type { RecordingOrder } from '../../shared/messages.ts';
import type { FromReplay, ToReplay } from '../../shared/replay_messages.ts';
import type { Clock } from '../clock.ts';
import { readAsset } from './asset_source.ts';
import { readSheet } from './cache.ts';
import { Encoder } from './encode/encoder.ts';
import { FrameCourier } from './frame_courier.ts';
import { Recording } from './recording.ts';

/** What the worker tells of what happens beside the recording. */
export interface Desk {
  /** The page's events, as they are written. */
  saw(events: readonly TelemetryEvent[]): void;
  online(): void;
  /** Everything of this device goes. */
  forget(): Promise<void>;
}

/** `address`: where frames go, with the key. `waiting`: what the page has said so far. */
export function startReplay(order: RecordingOrder, clock: Clock, waiting: readonly ToReplay[]): Desk {
  const [port] = order.ports;
  const post = (message: FromReplay) => port.postMessage(message);
  const courier = new FrameCourier(order, clock, {
    degraded: (reason) => post({ replay: 'degraded', what: `replay_dom:${reason}` }),
    refused: () => recording.stop(),
  });
  const recording = new Recording(
    {
      post,
      encoder: (...values) => new Encoder(...values),
      sheet: readSheet,
      read: (address) => readAsset(address, order.images !== 'none'),
      missing: (hashes) => courier.missing(hashes),
      put: (frame) => courier.put(frame),
      sendTail: () => courier.sendTail(),
      own: () => courier.own(),
    },
    order.mode,
  );
  const receive = (message: ToReplay) => {
    try {
      recording.receive(message);
    } catch {
      post({ replay: 'degraded', what: 'replay_dom:error' });
      recording.stop();
    }
  };
  courier.start();
  for (const message of waiting) receive(message);
  port.onmessage = ({ data }) => receive(data);
  return {
    saw: (events) => recording.saw(events),
    online: () => courier.online(),
    forget() {
      recording.stop();
      return courier.forget();
    },
  };
}
