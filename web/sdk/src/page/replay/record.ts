/** Records nothing yet. */
import type { Recorder, ToReplay } from '../../shared/replay_messages.ts';
import type { Tools } from '../tools.ts';
import type { Tracker } from '../tracker.ts';

export type Post = (message: ToReplay, transfer?: Transferable[]) => void;

export function record(_tracker: Tracker, post: Post, _valueToTell?: Tools['valueToTell']): Recorder {
  post({ replay: 'stopped', reason: 'unsupported' });
  return { flush() {}, snapshot() {}, stop() {} };
}
