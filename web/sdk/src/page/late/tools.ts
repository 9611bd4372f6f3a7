/** The tools of this part; see the page's `tools.ts`. */
import { encodeRest } from '../../shared/encode.ts';
import { halves } from '../../shared/halves.ts';
import type { Tools } from '../tools.ts';
import { describe } from './describe.ts';
import { labelToTell, valueToTell } from './personal.ts';
import { unitsIn } from './reading.ts';
import { findWayWithout } from './without_worker.ts';

export const TOOLS: Tools = { describe, valueToTell, labelToTell, unitsIn, encodeRest, halves, findWayWithout };
