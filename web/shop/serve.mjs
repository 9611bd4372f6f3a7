// A stand-in for the Rust server, for tests: the shop, the SDK, and a collector that keeps what it gets.

import { readFile } from 'node:fs/promises';
import { extname, normalize } from 'node:path';
import { framesIn } from '../e2e/frames.mjs';
import { batchIn, bodyOf, listen } from '../e2e/listen.mjs';

const web = new URL('..', import.meta.url).pathname;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const CSP =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' COLLECTOR; img-src 'self' data:; style-src 'self'; form-action 'self'";

/**
 * Starts both. Returns their addresses, `batches` (each with `attempt`: path, status and content type), `frames` of recordings, and
 * `answer`, which a test may set to a function (batch) -> status to refuse or fail batches.
 */
export async function serve({ pages = {} } = {}) {
  const state = { batches: [], frames: [], answer: () => 200, headers: {} };
  const [collector, collectorUrl] = await listen(async (request, response) => {
    const cors = {
      'Access-Control-Allow-Origin': request.headers.origin ?? '*',
      'Access-Control-Allow-Headers': 'authorization, content-type, content-encoding',
      'Access-Control-Expose-Headers': 'Retry-After',
      'Access-Control-Max-Age': '600',
    };
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    const received = Date.now();
    const body = await bodyOf(request);
    if (request.url.startsWith('/v1/replay')) {
      const asked = request.url.startsWith('/v1/replay/have');
      if (!asked) state.frames.push(...framesIn(body));
      const answer = asked ? { missing: JSON.parse(String(body)).sha256 } : { rejected: [] };
      return response.writeHead(200, { ...cors, 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    }
    const batch = batchIn(body);
    const status = state.answer(batch);
    const { 'content-type': contentType, authorization } = request.headers;
    state.batches.push({
      ...batch,
      attempt: { url: request.url, status, contentType, authorization, size: body.length },
    });
    const answer = { durability: 'kafka', accepted: batch.events.length, rejected: [], encodings: ['gzip'] };
    response.writeHead(status, { ...cors, ...state.headers, 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ ...answer, server_received_at: received, server_sent_at: Date.now() }));
  });
  const [shop, shopUrl] = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://shop');
    const head = { 'Content-Security-Policy': CSP.replace('COLLECTOR', collectorUrl) };
    const json = (value) =>
      response.writeHead(200, { ...head, 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    if (pathname === '/shop-config.json')
      return json({ collector_url: collectorUrl, write_key: 'shop-key', studio_url: collectorUrl });
    if (pathname === '/api/quote') return setTimeout(() => json({ price: 42.5, currency: 'EUR' }), 300);
    if (pathname === '/api/order') return response.writeHead(204, head).end();
    if (pages[pathname]) return response.writeHead(200, { ...head, 'Content-Type': 'text/html' }).end(pages[pathname]);
    const name = normalize(pathname === '/' ? '/index.html' : pathname);
    const file = name.startsWith('/telemetry/') ? `sdk/dist${name.slice(10)}` : `shop/dist${name}`;
    const content = await readFile(web + file).catch(() => null);
    if (!content) return response.writeHead(404, head).end();
    response
      .writeHead(200, { ...head, 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' })
      .end(content);
  });
  return Object.assign(state, { shopUrl, collectorUrl, close: () => Promise.all([shop.close(), collector.close()]) });
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log((await serve()).shopUrl);
