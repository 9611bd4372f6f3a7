// Two local servers: the site with its pages and each subject's scripts, and on another origin the one stub that all subjects
// send to. Nothing here reaches further than this machine.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { bodyOf, listen } from '../../web/e2e/listen.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' };
const PAGES = new URL('pages/', import.meta.url);
/** Where a subject's script tags go in a page. */
export const MARK = '<!-- subject -->';

/** A subject's file lies in a folder of the subject, or is content made by its build. */
async function contentOf(subject, name) {
  const file = subject.files[name];
  return typeof file === 'string' ? readFile(file) : file;
}

/**
 * `received` holds the requests of the subject that was begun last: method, path, headers, body. `begin` empties it.
 * `pageOf` gives the files of pages, by name, or null. Nothing is cacheable: each load compiles its scripts anew, as a visitor's first does.
 */
export async function openSite(pageOf = (name) => readFile(new URL(name, PAGES)).catch(() => null)) {
  const state = { subject: null, received: [] };
  const [collector, collectorUrl] = await listen(async (request, response) => {
    const body = await bodyOf(request);
    const { method, url, headers } = request;
    state.received.push({ method, url, headers, body });
    const cors = {
      'Access-Control-Allow-Origin': headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? 'content-type',
      'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
      'Access-Control-Max-Age': '600',
    };
    if (method === 'OPTIONS') return response.writeHead(204, cors).end();
    const [type, answer] = state.subject?.answer?.({ method, url, body }) ?? ['application/json', '{}'];
    response.writeHead(200, { ...cors, 'Content-Type': type, 'Cache-Control': 'no-store' }).end(answer);
  });
  const [site, siteUrl] = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, siteUrl);
    const [, kind, name, file] = pathname.split('/');
    let content = null;
    if (kind === 'page') content = await pageOf(name);
    if (kind === 'page' && name.endsWith('.html'))
      content = String(content).replace(MARK, () => state.subject.tags(collectorUrl));
    if (kind === 'subject' && name === state.subject?.name)
      content = await contentOf(state.subject, file).catch(() => null);
    if (kind === 'blank') return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>blank</title>');
    if (!content) return response.writeHead(404).end();
    const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(content);
  });
  return Object.assign(state, {
    siteUrl,
    collectorUrl,
    begin(subject) {
      state.subject = subject;
      state.received = [];
    },
    close() {
      for (const server of [site, collector]) {
        server.closeAllConnections();
        server.close();
      }
    },
  });
}
