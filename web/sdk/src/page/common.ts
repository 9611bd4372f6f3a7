/**
 * What the late part has from the page's part instead of a copy of its own, as all that it imports from there (`handed.ts`). Here is
 * what would else be the only thing of its module: each module that the late part imports from costs it a list of places.
 */
export { clientNow } from '../shared/batch.ts';
export { trusted } from '../shared/trusted.ts';
export { uuidV7 } from '../shared/uuid.ts';
export { attempt } from './attempt.ts';
export { bounded } from './capture/scroll.ts';
export { HIDDEN } from './elements.ts';
export { erase } from './erase.ts';
export { pointerType } from './pointer_type.ts';
export { bring } from './tools.ts';
