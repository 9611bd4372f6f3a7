/** What tests of recordings share: invented events, frames read back as the contract has them. */
import { gunzipSync } from 'node:zlib';
import type { Rows, Turns, Viewed } from '../src/shared/replay_messages.ts';
import { bodyOf, type Frame } from '../src/worker/replay/frame.ts';
import type { Recorded } from '../src/worker/replay/recorded.ts';

export const VIEWED: Viewed = {
  visitor_id: '6f9619ff-8b86-4d01-b42d-00c04fc964ff',
  tab_id: '01934f5e-6000-7000-8000-0000000000aa',
  page_view_id: '01934f5e-6001-7000-8000-0000000000bb',
  url: 'https://shop.example/boxes',
  viewport: [1280, 720],
};

const AT = 1_795_250_919_000;
const line = (type: number, units: number, n: number) => {
  const head = JSON.stringify({ type, n, data: '' });
  return head.replace('"data":""', `"data":"${'x'.repeat(Math.max(0, units - head.length))}"`);
};

/** A change, as a line of so many UTF-16 units. */
export const change = (n: number, units = 100): Recorded => ({
  kind: 'mutations',
  line: line(3, units, n),
  at: AT + n,
  q: n,
});

/** A snapshot, its page as a line of so many units. */
export const snapshot = (n: number, { units = 200, cost_ms = 4 } = {}): Recorded[] => [
  { kind: 'snapshot', line: line(4, 0, n), at: AT + n, q: n },
  { kind: 'snapshot', line: line(2, units, n), at: AT + n + 1, q: n + 1, nodes: 7, cost_ms },
];

/** The recorder's message of which the stand-in of the encoder makes these events. */
export const rows = (...events: Recorded[]): Turns => ({
  replay: 'rows',
  numbers: new Int32Array(),
  turns: [{ end: 0, text: events.map((event) => JSON.stringify(event)).join('\n'), at: AT, q: 0 }],
});

/** What the stand-in makes of it. */
export const recordedIn = ({ text }: Rows): Recorded[] =>
  text.split('\n').flatMap((line) => (line ? JSON.parse(line) : []));

export interface Read {
  header: Record<string, unknown> & { kind: string; chunk_seq: number; part: number; parts: number; events: number };
  payload: Buffer;
}

/** The frames of a body, by their lengths alone. */
export function framesIn(body: Buffer): Read[] {
  const frames: Read[] = [];
  let at = 0;
  const piece = () => {
    const length = body.readUInt32LE(at);
    at += 4 + length;
    return body.subarray(at - length, at);
  };
  while (at < body.length) frames.push({ header: JSON.parse(String(piece())), payload: piece() });
  return frames;
}

export async function read(frames: readonly Frame[]): Promise<Read[]> {
  return framesIn(Buffer.from(await bodyOf(frames, null).arrayBuffer()));
}

/** The events of a chunk, its parts joined. */
export const eventsIn = (parts: readonly Read[]): { type: number; n: number }[] =>
  String(gunzipSync(Buffer.concat(parts.map(({ payload }) => payload))))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
