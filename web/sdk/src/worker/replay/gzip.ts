/** Payloads: one gzip member (RFC 1952). */

/** Compressed, some tasks later. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const HEAD = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/** Of a stored block (RFC 1951, section 3.2.4). */
const BLOCK_BYTES_MAX = 0xffff;
const BLOCK_HEAD_BYTES = 5;
const FOOT_BYTES = 8;
/** CRC-32, reflected. */
const POLYNOMIAL = 0xedb88320;

let table: Uint32Array | undefined;

function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}

/** Not compressed at all, but now: the end of a page does not wait for streams. */
export function stored(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES_MAX));
  const member = new Uint8Array(HEAD.length + blocks * BLOCK_HEAD_BYTES + bytes.length + FOOT_BYTES);
  const view = new DataView(member.buffer);
  member.set(HEAD);
  let end = HEAD.length;
  for (let block = 0; block < blocks; block++) {
    const piece = bytes.subarray(block * BLOCK_BYTES_MAX, (block + 1) * BLOCK_BYTES_MAX);
    member[end] = block === blocks - 1 ? 1 : 0;
    view.setUint16(end + 1, piece.length, true);
    view.setUint16(end + 3, ~piece.length, true);
    member.set(piece, end + BLOCK_HEAD_BYTES);
    end += BLOCK_HEAD_BYTES + piece.length;
  }
  view.setUint32(end, crc32(bytes), true);
  view.setUint32(end + 4, bytes.length, true);
  return member;
}
