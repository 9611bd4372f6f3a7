/** Which visitors are recorded, where not all are. */

/** FNV-1a, 32 bit (draft-eastlake-fnv). */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 0 to 1, evenly over visitors, and the same in all tabs of one. */
export function shareOf(visitor: string): number {
  let hash = FNV_OFFSET;
  for (let n = 0; n < visitor.length; n++) hash = Math.imul(hash ^ visitor.charCodeAt(n), FNV_PRIME);
  // The last characters alone do not reach the high bits (MurmurHash3's finish).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
