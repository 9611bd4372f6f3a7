// A site of a test's own pages with the SDK on them, another origin beside it, and a collector on either.
import { readFile } from 'node:fs/promises';
import { batchIn, bodyOf, listen } from './listen.mjs';

const DIST = new URL('../sdk/dist/', import.meta.url).pathname;

/** Writes `parts` of a body one after the other, `everyMs` apart. */
function stream(response, parts, everyMs) {
  const write = () => {
    if (!parts.length) return response.end();
    response.write(parts.shift());
    setTimeout(write, everyMs);
  };
  write();
}

/** What pages may call: `/api/…` on both origins, `/open/…` with permission for all. */
async function api(request, response, url, head) {
  await bodyOf(request);
  const [, , what] = url.pathname.split('/');
  if (what === 'reset') return request.socket.destroy();
  if (what === 'stream') {
    response.writeHead(200, head);
    return stream(response, Array(5).fill('x'.repeat(1000)), 100);
  }
  const status = Number(what) || 200;
  response.writeHead(status, { ...head, 'Content-Type': 'application/json' });
  response.end(status === 204 || request.method === 'HEAD' ? undefined : '{"ok":true}');
}

/**
 * Starts it. `pages` maps paths to the inside of documents, or to functions of (request, response); `html()` makes one. Returns
 * `batches` as they came, and `events()`, those of a tab in their order.
 */
export async function startSite() {
  const batches = [];
  const pages = {};
  const collect = async (request, response) => {
    const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    const batch = batchIn(await bodyOf(request));
    batches.push(batch);
    response.writeHead(200, { ...cors, 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({
        accepted: batch.events.length,
        rejected: [],
        server_received_at: Date.now(),
        server_sent_at: Date.now(),
      }),
    );
  };
  const [other, otherUrl] = await listen(async (request, response) => {
    const url = new URL(request.url, 'http://other');
    if (url.pathname === '/v1/events') return collect(request, response);
    const cors = url.pathname.startsWith('/open') ? { 'Access-Control-Allow-Origin': '*' } : {};
    await api(request, response, url, cors);
  });
  const [own, ownUrl] = await listen(async (request, response) => {
    const url = new URL(request.url, 'http://own');
    const page = pages[url.pathname];
    if (typeof page === 'function') return page(request, response);
    if (page !== undefined) return response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    if (url.pathname === '/v1/events') return collect(request, response);
    if (url.pathname.startsWith('/api/')) return api(request, response, url, {});
    if (!url.pathname.startsWith('/sdk/')) return response.writeHead(404).end();
    const file = await readFile(DIST + url.pathname.slice(5)).catch(() => null);
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(file);
  });
  const byTab = (tab) => {
    const events = batches
      .filter(({ tab_id }) => tab_id === tab)
      .flatMap((batch) => batch.events.map((event) => ({ ...event, page_view_id: batch.page_view_id })));
    return [...new Map(events.map((event) => [event.seq, event])).values()].sort((a, b) => a.seq - b.seq);
  };
  return {
    batches,
    pages,
    ownUrl,
    otherUrl,
    events: byTab,
    /** A document with the SDK. `before`: what stands before its script element. */
    html({ before = '', body = '', attributes = '', endpoint = otherUrl } = {}) {
      return `<!doctype html><html><head><title>t</title><link rel="icon" href="data:,">${before}
<script src="/sdk/telemetry.js" data-ct-key="k" data-ct-endpoint="${endpoint}" ${attributes}></script></head><body>${body}</body></html>`;
    },
    close: () => {
      for (const server of [own, other]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
