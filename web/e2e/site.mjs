// A site with one page and the SDK, and a collector beside it that keeps what it sees, for tests that change either.
import { readFileSync } from 'node:fs';
import { framesIn } from './frames.mjs';
import { batchIn, bodyOf, listen } from './listen.mjs';

const dist = new URL('../sdk/dist/', import.meta.url).pathname;

/** A file of the build. */
export const built = (name) => readFileSync(dist + name, 'utf8');

/**
 * `state.page` is the body of every page; `state.attributes` are those of the script element, `state.script` is its address;
 * `state.headers` go with each page and file of the SDK; `state.files` are answers by path: {status, type, cache, body} or a function of (request, response).
 * `/plain` is a page without the SDK. `state.answer` is what the collector says: (batch) -> {status, encodings} or a promise of it; a status of 0 is a collector that dies. `state.requests` holds all
 * requests that the collector got, preflights too: {method, url, headers, bytes, batch, status, gone}; `state.posts` those with frames of
 * recordings: {frames, bytes, status, gone}, answered by `state.answerFrames`, and `state.missing` says which assets it asks for.
 */
export async function site() {
  const state = {
    page: '',
    script: '/telemetry.js',
    attributes: {},
    headers: {},
    files: { '/plain': { type: 'text/html', body: '<!doctype html>' } },
    requests: [],
    answer: () => ({ status: 200 }),
    posts: [],
    answerFrames: () => ({ status: 200 }),
    missing: (hashes) => hashes,
  };
  const takeRecording = async (request, response, cors) => {
    const body = await bodyOf(request);
    if (request.url.startsWith('/v1/replay/have')) {
      const missing = state.missing(JSON.parse(String(body)).sha256);
      return response.writeHead(200, { ...cors, 'Content-Type': 'application/json' }).end(JSON.stringify({ missing }));
    }
    const seen = { frames: framesIn(body), bytes: body.length, status: 0, gone: false };
    state.posts.push(seen);
    response.on('close', () => {
      seen.gone = !response.writableFinished;
    });
    const { status } = await state.answerFrames(seen.frames);
    if (!status) return request.socket.destroy();
    seen.status = status;
    response.writeHead(status, { ...cors, 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ accepted: seen.frames.length, rejected: [] }));
  };
  const take = async (request, response) => {
    const cors = {
      'Access-Control-Allow-Origin': request.headers.origin ?? '*',
      'Access-Control-Allow-Headers': 'authorization, content-type, content-encoding',
      'Access-Control-Max-Age': '600',
    };
    if (request.method === 'POST' && request.url.startsWith('/v1/replay'))
      return takeRecording(request, response, cors);
    const seen = { method: request.method, url: request.url, headers: request.headers, gone: false };
    state.requests.push(seen);
    response.on('close', () => {
      seen.gone = !response.writableFinished;
    });
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    const received = Date.now();
    const body = await bodyOf(request);
    seen.bytes = body.length;
    seen.batch = batchIn(body);
    const { status, encodings } = await state.answer(seen.batch);
    if (!status) return request.socket.destroy();
    seen.status = status;
    response.writeHead(status, { ...cors, 'Content-Type': 'application/json' });
    const times = { server_received_at: received, server_sent_at: Date.now() };
    response.end(JSON.stringify({ accepted: seen.batch.events.length, rejected: [], encodings, ...times }));
  };
  const [collector, collectorUrl] = await listen(take);
  const html = () => {
    const own = { 'data-ct-key': 'shop-key', 'data-ct-endpoint': collectorUrl, ...state.attributes };
    const attributes = Object.entries(own).map(([name, value]) => `${name}="${value}"`);
    return `<!doctype html><title>Page</title>${state.page}<script src="${state.script}" ${attributes.join(' ')}></script>`;
  };
  const [pages, url] = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const given = state.files[pathname];
    if (typeof given === 'function') return given(request, response);
    if (given) {
      const headers = { 'Content-Type': given.type, ...(given.cache && { 'Cache-Control': given.cache }) };
      return response.writeHead(given.status ?? 200, headers).end(given.body);
    }
    if (pathname.startsWith('/v1/')) return take(request, response);
    if (/^\/telemetry\.[\w.]*js$/.test(pathname))
      return response
        .writeHead(200, { ...state.headers, 'Content-Type': 'text/javascript' })
        .end(built(pathname.slice(1)));
    response.writeHead(200, { ...state.headers, 'Content-Type': 'text/html' }).end(html());
  });
  return Object.assign(state, {
    url,
    collectorUrl,
    /** Batches that were answered, of a tab. */
    taken: (tab) => state.requests.filter(({ batch, status }) => batch?.tab_id === tab && status === 200),
    /** Events that were answered 200, of a tab, by number. */
    events: (tab) => {
      const all = state.taken(tab).flatMap(({ batch }) => batch.events);
      return [...new Map(all.map((event) => [event.seq, event])).values()].sort((a, b) => a.seq - b.seq);
    },
    close: () =>
      Promise.all(
        [pages, collector].map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      ),
  });
}
