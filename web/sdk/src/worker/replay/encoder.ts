/** From rows to rrweb's events. */
import type { Viewed } from '../../shared/replay_messages.ts';
import type { Recorded, Take } from './recorded.ts';
import type { Encode } from './recording.ts';

/** Of one page view. The text of rows is JSON lines of what is `Recorded`. */
export function createEncoder(_viewed: Viewed, take: Take): Encode {
  return ({ text }) => take(text.split('\n').map((line) => JSON.parse(line) as Recorded));
}
