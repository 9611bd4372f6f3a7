/** Frames as `POST /v1/replay` takes them: `schemas/src/replay` is the contract, `schemas/examples/replay` its examples. */
import type { ClockEstimate } from '../../shared/batch.ts';
import { toJson } from '../../shared/json.ts';
import type { Viewed } from '../../shared/replay_messages.ts';
import type { Kept } from '../entry.ts';
import type { Asset } from './asset_source.ts';
import type { Stretch } from './cutter.ts';
import { BODY_BYTES_MAX, FRAMES_MAX, MASKING_VERSION, PARTS_MAX, PAYLOAD_BYTES_MAX } from './limits.ts';

/** A frame that is not answered yet. */
export interface Frame extends Kept {
  visitor_id: string;
  /** What it is a part of: when one part cannot be sent, the others need not be. '' for an asset. */
  chunk: string;
  /** JSON of the header without `clock`, which describes the attempt. */
  head: string;
  /** The payload. */
  rest: Uint8Array;
}

const LENGTHS_BYTES = 8;
/** A clock in a header takes less. */
const CLOCK_BYTES_MAX = 96;
const encoder = new TextEncoder();

export const sizeOf = ({ head, rest }: Frame): number => LENGTHS_BYTES + head.length + CLOCK_BYTES_MAX + rest.length;

/** What a chunk's header says beside its stretch and its page view. */
export interface Told {
  chunk_seq: number;
  raw_bytes: number;
  final: boolean;
}

/** The headers of all parts and their payloads. Null: more than there may be, or a part too many for its kind. */
export function partsOf(
  { tab_id, visitor_id, page_view_id, viewport }: Viewed,
  stretch: Stretch,
  { chunk_seq, raw_bytes, final }: Told,
  payload: Uint8Array,
): { head: string; rest: Uint8Array }[] | null {
  const { kind, events, first_at, last_at, first_q, last_q, nodes, cost_ms, partial, assets } = stretch;
  const parts = Math.ceil(payload.length / PAYLOAD_BYTES_MAX);
  if (parts > (kind === 'snapshot' ? PARTS_MAX : 1)) return null;
  return Array.from({ length: parts }, (_, part) => ({
    head: toJson({
      v: 1,
      kind,
      visitor_id,
      tab_id,
      page_view_id,
      chunk_seq,
      part,
      parts,
      first_at,
      last_at,
      first_q,
      last_q,
      events,
      nodes,
      raw_bytes,
      encoding: 'gzip',
      viewport,
      final,
      partial,
      page_cost_ms: cost_ms,
      masking_version: MASKING_VERSION,
      assets,
    }),
    rest: payload.slice(part * PAYLOAD_BYTES_MAX, (part + 1) * PAYLOAD_BYTES_MAX),
  }));
}

/** The header of an asset. `url`: masked. */
export function assetHead({ tab_id, visitor_id }: Viewed, { payload: _, ...asset }: Asset, url: string): string {
  return toJson({ v: 1, kind: 'asset', visitor_id, tab_id, ...asset, url });
}

/** A body of these frames; null where the estimate of the clock is. */
export function bodyOf(frames: readonly Frame[], clock: ClockEstimate | null): Blob {
  const pieces = frames.flatMap(({ chunk, head, rest }) => {
    // An asset is of no moment.
    const header = encoder.encode(chunk ? `{"clock":${toJson(clock)},${head.slice(1)}` : head);
    return [length(header), header, length(rest), rest] as BlobPart[];
  });
  return new Blob(pieces);
}

function length({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

/** The first of these frames that go in one body: of one visitor, at most so many, at most so large. */
export function firstBody(frames: readonly Frame[], bytesMax = BODY_BYTES_MAX): Frame[] {
  const visitor = frames[0]?.visitor_id;
  const body: Frame[] = [];
  let bytes = 0;
  for (const frame of frames) {
    bytes += sizeOf(frame);
    if (body.length === FRAMES_MAX || frame.visitor_id !== visitor || bytes > bytesMax) break;
    body.push(frame);
  }
  return body;
}
