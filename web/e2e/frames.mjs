// Frames of recordings, read as the contract has them (`schemas/src/replay`), and the chunks that they are parts of.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';

/** [{ header, payload }] of a body, by their lengths alone. */
export function framesIn(body) {
  const frames = [];
  let at = 0;
  const piece = () => {
    const length = body.readUInt32LE(at);
    at += 4 + length;
    assert.ok(length && at <= body.length, 'lengths add up');
    return body.subarray(at - length, at);
  };
  while (at < body.length) frames.push({ header: JSON.parse(String(piece())), payload: piece() });
  return frames;
}

/** Chunks of a page view by number, each { header, events }; a repeat has to be the same. Chunks without all their parts are left out. */
export function chunksIn(frames, pageView) {
  const chunks = new Map();
  for (const { header, payload } of frames) {
    if (header.kind === 'asset' || header.page_view_id !== pageView) continue;
    const chunk = chunks.get(header.chunk_seq) ?? { header, parts: [] };
    chunks.set(header.chunk_seq, chunk);
    const known = chunk.parts[header.part];
    if (known) assert.ok(known.equals(payload), `chunk ${header.chunk_seq}, part ${header.part}: a repeat is the same`);
    chunk.parts[header.part] = payload;
  }
  const whole = [...chunks.values()].filter(({ header, parts }) => parts.filter(Boolean).length === header.parts);
  return whole
    .sort((a, b) => a.header.chunk_seq - b.header.chunk_seq)
    .map(({ header, parts }) => {
      const text = String(gunzipSync(Buffer.concat(parts)));
      assert.equal(Buffer.byteLength(text), header.raw_bytes);
      return { header, text, events: text.trimEnd().split('\n').map(JSON.parse) };
    });
}
