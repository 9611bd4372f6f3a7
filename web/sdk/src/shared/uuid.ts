/** Identifiers. `crypto.randomUUID` does not exist on plain HTTP pages, `getRandomValues` always does. */

import { clientNow } from './batch.ts';

/** Sorts by its time, which is the client's. Neither `Date.now` nor `Array.from`: pages have others. */
export function uuidV7(now = clientNow()): string {
  const random = crypto.getRandomValues(new Uint8Array(19));
  const time = Math.floor(now).toString(16).padStart(12, '0');
  let n = 0;
  const rest = '7xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) => {
    const digit = (random[n++] as number) & 15;
    return (place === 'y' ? (digit & 3) | 8 : digit).toString(16);
  });
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest}`;
}
