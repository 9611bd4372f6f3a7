/** Identifiers. `crypto.randomUUID` does not exist on plain HTTP pages, `getRandomValues` always does. */

/** Sorts by its time, which is the client's. */
export function uuidV7(now: number = Date.now()): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte | 256).toString(16).slice(1));
  const hex = now.toString(16).padStart(12, '0') + random.join('');
  return hex.replace(/(.{8})(.{4}).(.{3})(.)(.{3})/, (_, a, b, c, variant, d) => {
    return `${a}-${b}-7${c}-${'89ab'[Number.parseInt(variant, 16) & 3]}${d}-`;
  });
}
