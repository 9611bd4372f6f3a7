/** What a worker does when it is to forget, for pages that have none. */
import { FORGET_CHANNEL, FRAMES, OUTBOX } from '../shared/messages.ts';
import { onItself } from './natives.ts';

/** They asked for what is under way. Nobody can have stored anything since: that is a worker's, which deletes it itself. */
const waiting: (() => void)[] = [];

/** Deletes the unsent batches and recordings of this device and tells other tabs. `done`: as far as the browser lets us. */
export function erase(done: () => void): void {
  if (waiting.push(done) > 1) return;
  const settle = () => {
    for (const done of waiting.splice(0)) done();
  };
  try {
    new BroadcastChannel(FORGET_CHANNEL).postMessage(0);
    indexedDB.deleteDatabase(FRAMES);
    const request = indexedDB.deleteDatabase(OUTBOX);
    for (const end of ['success', 'error', 'blocked']) onItself(request, end, settle);
  } catch {
    // A frame without an origin: nothing is stored, and nobody else is there.
    settle();
  }
}
