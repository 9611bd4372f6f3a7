// A host of pages and a collector, for tests that know the SDK only as the file that a page loads.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { framesIn } from './frames.mjs';
import { batchIn, bodyOf, listen } from './listen.mjs';

const SDK = new URL('../sdk/dist/', import.meta.url);
const JAVASCRIPT = 'text/javascript';
/** Stands in a page where the SDK's script goes. */
const PLACE = '<!--sdk-->';

/** What pages ask for: answers that come whole, late, in pieces, wrong, or not at all. */
const API = {
  '/api/ok': (_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}'),
  '/api/missing': (_, response) => response.writeHead(404).end('no'),
  '/api/drop': (request) => request.socket.destroy(),
  '/api/echo': async (request, response) => {
    const body = String(await bodyOf(request));
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ method: request.method, type: request.headers['content-type'] ?? null, body }));
  },
  '/api/lines': (_, response) => {
    let line = 0;
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    const timer = setInterval(() => {
      response.write(`line ${line++}\n`);
      if (line === 4) {
        clearInterval(timer);
        response.end();
      }
    }, 10);
    response.on('close', () => clearInterval(timer));
  },
  '/api/events': (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const n of [1, 2, 3]) response.write(`id: ${n}\nevent: tick\ndata: ${n}\n\n`);
  },
};

/** Answers a WebSocket with one text, and closes when the peer says anything. */
function greet(request, socket) {
  const accept = createHash('sha1').update(
    `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
  );
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  );
  socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
  socket.once('data', () => socket.end(Buffer.from([0x88, 0])));
  socket.on('error', () => {});
}

/**
 * Starts both. `pages` maps a path to { html, headers, attributes, sdk, key }, where `<!--sdk-->` in the HTML becomes the
 * SDK's script, or one that does nothing, and `{key}` the key. `batches` are the decoded ones, `posts` the requests that carried them, `recordings` frames of recordings,
 * `others` what else the collector was asked; each with the write key of its page.
 */
export async function startStub() {
  const stub = {
    pages: new Map(),
    files: new Map(),
    batches: [],
    posts: [],
    others: [],
    recordings: [],
    answer: () => 200,
  };

  const [collector, collectorUrl] = await listen(async (request, response) => {
    const url = new URL(request.url, 'http://collector');
    const key = url.searchParams.get('key') ?? request.headers.authorization?.slice('Bearer '.length);
    const cors = {
      'Access-Control-Allow-Origin': request.headers.origin ?? '*',
      'Access-Control-Allow-Headers': 'authorization, content-type, content-encoding',
      'Access-Control-Expose-Headers': 'Retry-After',
    };
    if (request.method !== 'POST') {
      stub.others.push({ key, method: request.method, url: request.url });
      return response.writeHead(204, cors).end();
    }
    const received = Date.now();
    const body = await bodyOf(request);
    if (url.pathname.startsWith('/v1/replay')) {
      stub.recordings.push({ key, frames: framesIn(body) });
      return response
        .writeHead(200, { ...cors, 'Content-Type': 'application/json' })
        .end('{"accepted":1,"rejected":[]}');
    }
    const batch = batchIn(body);
    stub.posts.push({ key, url: request.url, size: body.length, headers: request.headers });
    stub.batches.push({ ...batch, key });
    const answer = { durability: 'kafka', accepted: batch.events.length, rejected: [], server_received_at: received };
    response.writeHead(stub.answer(batch), { ...cors, 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ ...answer, server_sent_at: Date.now() }));
  });

  const scriptFor = ({ key, attributes = '', sdk = true }, origin) =>
    `<script src="${origin}/sdk/${sdk ? 'telemetry' : 'nothing'}.js" data-ct-key="${key}" data-ct-endpoint="${stub.collector}"` +
    ` data-ct-worker="${origin}/sdk/telemetry.worker.js" ${attributes}></script>`;

  const [host, hostUrl] = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const fresh = { 'Cache-Control': 'no-store', 'Access-Control-Allow-Origin': '*' };
    const page = stub.pages.get(pathname);
    if (page) {
      const html = stub.html(page, `http://${request.headers.host}`);
      return response
        .writeHead(200, { ...fresh, 'Content-Type': 'text/html; charset=utf-8', ...page.headers })
        .end(html);
    }
    if (API[pathname]) return API[pathname](request, response);
    if (pathname === '/favicon.ico') return response.writeHead(204).end();
    if (pathname === '/sdk/nothing.js')
      return response.writeHead(200, { ...fresh, 'Content-Type': JAVASCRIPT }).end('');
    const name = pathname.startsWith('/sdk/') && pathname.slice('/sdk/'.length);
    const file = name ? await readFile(new URL(name, SDK)).catch(() => null) : stub.files.get(pathname);
    if (!file) return response.writeHead(404, fresh).end();
    response.writeHead(200, { ...fresh, 'Content-Type': JAVASCRIPT, 'Service-Worker-Allowed': '/' }).end(file);
  }, greet);

  return Object.assign(stub, {
    collector: collectorUrl,
    /** The same pages from a secure origin, from another one, and from one that browsers call insecure. */
    origin: hostUrl,
    other: hostUrl.replace('127.0.0.1', 'localhost'),
    insecure: hostUrl.replace('127.0.0.1', 'shop.example'),
    html: (page, origin) => page.html.replaceAll(PLACE, scriptFor(page, origin)).replaceAll('{key}', page.key),
    close() {
      for (const server of [host, collector]) {
        server.close();
        server.closeAllConnections();
      }
    },
  });
}
