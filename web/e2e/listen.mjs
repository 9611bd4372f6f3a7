// What the stand-ins of the tests share: a server of this machine, the body of a request, the batch in a body.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** Any free port. `handler` may be asynchronous: what it throws is a 500. Resolves to [server, its origin]. */
export function listen(handler, upgrade) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      handler(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
    if (upgrade) server.on('upgrade', upgrade);
    server.listen(0, '127.0.0.1', () => resolve([server, `http://127.0.0.1:${server.address().port}`]));
  });
}

export async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** Gzip is told by its first bytes, as by the collector: a page cannot name an encoding without a preflight. */
export function batchIn(body) {
  const zipped = body[0] === 0x1f && body[1] === 0x8b;
  return JSON.parse(zipped ? gunzipSync(body) : body);
}
