// How much of what the person did stands in the requests of a subject: { samples, clicks, keys, wheels }, each as far as it
// can be read. No I/O.
import { gunzipSync, inflateSync } from 'node:zlib';

const KINDS = ['samples', 'clicks', 'keys', 'wheels'];

/** The share of each kind and of all; never above 1, since a subject may note one input as two things. */
export function shares(counts, found) {
  const kinds = KINDS.filter((kind) => counts[kind] > 0);
  const taken = (kind) => Math.min(counts[kind], found[kind]);
  const sum = (of) => kinds.reduce((all, kind) => all + of(kind), 0);
  return {
    all: kinds.length ? sum(taken) / sum((kind) => counts[kind]) : null,
    ...Object.fromEntries(kinds.map((kind) => [kind, taken(kind) / counts[kind]])),
  };
}

const posts = (received, path = '') =>
  received.filter(({ method, url, body }) => method === 'POST' && body.length && url.startsWith(path));

/** Some senders compress without a header, to be spared a preflight. */
function unpacked({ body }) {
  if (body[0] === 0x1f && body[1] === 0x8b) return gunzipSync(body);
  return body;
}

const count = (list, test) => list.filter(test).length;

/** A beacon repeats a batch that is also sent otherwise: an event counts once, by its number in its tab. */
export function ours(received) {
  const events = new Map();
  for (const request of posts(received, '/v1/events')) {
    const batch = JSON.parse(unpacked(request));
    for (const event of batch.events) events.set(`${batch.tab_id} ${event.seq}`, event);
  }
  const all = [...events.values()];
  const of = (type) => count(all, (event) => event.type === type);
  return {
    samples: all.reduce((sum, { trail }) => sum + (trail?.dt.length ?? 0), 0),
    clicks: of('click'),
    keys: Math.max(of('key'), of('input')),
    wheels: of('scroll'),
  };
}

/** rrweb's incremental snapshots, which three of the peers send: type 3, and the source of each. */
function recorded(events) {
  const of = (source) => events.filter(({ type, data }) => type === 3 && data?.source === source);
  return {
    samples: of(1).reduce((sum, { data }) => sum + data.positions.length, 0),
    clicks: count(of(2), ({ data }) => data.type === 2),
    keys: of(5).length,
    wheels: of(3).length,
  };
}

export function rrweb(received) {
  return recorded(posts(received, '/rrweb').flatMap((request) => JSON.parse(unpacked(request)).events));
}

const posthogEvents = (received) =>
  posts(received).flatMap((request) => {
    if (!/^\/(e|i\/v0\/e|s|batch)\//.test(request.url)) return [];
    const body = JSON.parse(unpacked(request));
    return body.batch ?? body.data ?? (Array.isArray(body) ? body : [body]);
  });

/** Autocapture tells clicks, changes and submits; with a recording the recorder's events come as well. */
export function posthog(received) {
  const events = posthogEvents(received);
  const found = recorded(events.flatMap(({ properties }) => properties?.$snapshot_data ?? []));
  const clicks = count(events, ({ properties }) => properties?.$event_type === 'click');
  return { ...found, clicks: Math.max(found.clicks, clicks) };
}

export const sentry = (received) =>
  recorded(posts(received, '/api/').flatMap((request) => recordingOf(unpacked(request))));

/**
 * The recorded events of Sentry's envelope: a line of JSON, then items of a line of JSON and a payload of the length it
 * says, or else of a line. A recording is a line of JSON and the events, deflated.
 */
function recordingOf(envelope) {
  const events = [];
  let at = envelope.indexOf(10) + 1;
  const lineEnd = () => (envelope.indexOf(10, at) < 0 ? envelope.length : envelope.indexOf(10, at));
  while (at > 0 && at < envelope.length) {
    const { type, length } = JSON.parse(envelope.subarray(at, lineEnd()));
    at = lineEnd() + 1;
    const end = length ? at + length : lineEnd();
    if (type === 'replay_recording') {
      const bytes = envelope.subarray(lineEnd() + 1, end);
      events.push(...JSON.parse(bytes[0] === ZLIB ? inflateSync(bytes) : bytes));
    }
    at = end + 1;
  }
  return events;
}

const ZLIB = 0x78;

/** Types of OpenReplay's messages. */
const OPENREPLAY = { samples: [20], clicks: [68, 69], keys: [18, 112], wheels: [6, 16] };

/** A batch is metadata (a type, four numbers, a string) and messages: a type, a size of three bytes, so many bytes. */
export function openreplay(received) {
  const types = posts(received, '/v1/web/i').flatMap((request) => typesOf(unpacked(request)));
  return Object.fromEntries(KINDS.map((kind) => [kind, count(types, (type) => OPENREPLAY[kind].includes(type))]));
}

const BATCH_METADATA = 81;

function typesOf(bytes) {
  const types = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (!(byte >= 128)) return value;
    }
  };
  while (at < bytes.length) {
    const type = number();
    if (type === BATCH_METADATA) {
      for (let field = 0; field < 4; field++) number();
      const addressBytes = number();
      at += addressBytes;
    } else {
      types.push(type);
      at += 3 + bytes[at] + bytes[at + 1] * 256 + bytes[at + 2] * 65536;
    }
  }
  return types;
}

/** Snowplow's self-describing events say their kind by the name of a schema. */
export function snowplow(received) {
  const schemas = posts(received, '/com.snowplowanalytics.snowplow/').flatMap((request) =>
    JSON.parse(unpacked(request)).data.map(({ ue_px: encoded, ue_pr: plain }) => {
      const text = plain ?? (encoded && Buffer.from(encoded, 'base64url').toString());
      return text ? JSON.parse(text).data.schema : '';
    }),
  );
  return { samples: 0, clicks: count(schemas, (schema) => /\/(button|link)_click\//.test(schema)), keys: 0, wheels: 0 };
}
