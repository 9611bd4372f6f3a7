// The player as the studio shows it: a page with a frame of it for each recording. And a foreign host that counts who comes.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { listen } from './listen.mjs';

const dist = new URL('../player/dist/', import.meta.url).pathname;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** The second layer, as every server of the player sends it. */
export const POLICY = readFileSync(new URL('../player/policy.txt', import.meta.url), 'utf8');

/** All names that end so are the foreign host. */
export const FOREIGN = 'evil.example';

/**
 * The page's scripts are what a test asks of it: `studio.open(count)` makes frames of players, `studio.say(place, order)` speaks
 * to one, `studio.heard[place]` is what it said.
 */
const STUDIO = `<!doctype html><meta charset="utf-8"><title>Studio</title>
<style>body{margin:0}iframe{border:0;width:100vw;height:100vh}body.many iframe{width:240px;height:200px}</style>
<body><script>
const studio = { heard: [], ports: [] };
studio.open = (count) => {
  document.body.className = count > 1 ? 'many' : '';
  return Promise.all(Array.from({ length: count }, (_, place) => new Promise((ready) => {
    const frame = document.createElement('iframe');
    frame.title = 'Replay';
    studio.heard[place] = [];
    addEventListener('message', ({ data, source }) => {
      if (data !== 'telemetry-player-ready' || source !== frame.contentWindow) return;
      const { port1, port2 } = new MessageChannel();
      studio.ports[place] = port1;
      port1.onmessage = ({ data }) => studio.heard[place].push(data);
      source.postMessage('telemetry-player-port', location.origin, [port2]);
      ready();
    });
    frame.src = '/player';
    document.body.append(frame);
  })));
};
studio.say = (place, order) => studio.ports[place].postMessage(order);
</script>`;

/** `policy: false` leaves the second layer out. */
export async function playerSite({ policy = true } = {}) {
  const [server, url] = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://studio');
    if (pathname === '/') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(STUDIO);
    const name = pathname === '/player' ? 'player.html' : pathname.replace(/^\/(?=player\/)/, '');
    const body = /^(player\/)?[\w.]+$/.test(name) ? await readFile(dist + name).catch(() => null) : null;
    if (!body) return response.writeHead(404).end();
    const head = { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' };
    response.writeHead(200, policy ? { ...head, 'Content-Security-Policy': POLICY } : head).end(body);
  });
  return { url, close: () => closed(server) };
}

/** Counts connections as well as requests: to open one tells the host enough. */
export async function foreignHost() {
  const state = { requests: [], connections: 0 };
  const [server, url] = await listen(async (request, response) => {
    state.requests.push(`${request.headers.host}${request.url}`);
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*', Connection: 'close' }).end();
  });
  server.on('connection', () => {
    state.connections += 1;
  });
  const { host } = new URL(url);
  /** For the browser: every foreign name is this server. */
  const flags = [`--host-resolver-rules=MAP *.${FOREIGN} ${host}, MAP ${FOREIGN} ${host}`];
  return Object.assign(state, { flags, close: () => closed(server) });
}

function closed(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}
