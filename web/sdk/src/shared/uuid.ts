/** Identifiers. `crypto.randomUUID` does not exist on plain HTTP pages, `getRandomValues` always does. */

import { clientNow } from './batch.ts';

/** Sorts by its time, which is the client's. Neither `Date.now` nor `Array.from`: pages have others. */
export function uuidV7(now = clientNow()): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  let hex = Math.floor(now).toString(16).padStart(12, '0');
  for (let n = 0; n < random.length; n++) hex += ((random[n] as number) | 256).toString(16).slice(1);
  return hex.replace(/(.{8})(.{4}).(.{3})(.)(.{3})/, (_, a, b, c, variant, d) => {
    return `${a}-${b}-7${c}-${'89ab'[Number.parseInt(variant, 16) & 3]}${d}-`;
  });
}
