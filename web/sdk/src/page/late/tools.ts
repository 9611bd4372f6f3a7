/** The tools of this part; see the page's `tools.ts`. */
import { toJson } from '../../shared/json.ts';
import type { Tools } from '../tools.ts';
import { describe } from './describe.ts';
import { watchHistory } from './history.ts';
import { lastWords } from './last_words.ts';
import { edited, labelToTell, learnEdited, valueToTell } from './personal.ts';
import { unitsIn } from './reading.ts';
import { findWayWithout } from './without_worker.ts';

export const TOOLS: Tools = {
  describe,
  valueToTell,
  labelToTell,
  edited,
  learnEdited,
  unitsIn,
  toJson,
  lastWords,
  watchHistory,
  findWayWithout,
};
