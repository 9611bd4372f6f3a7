// The studio's page. Every value that comes from events is hostile: it reaches the page as text only.

import { parseExactly } from './answer.js';
import { startAsk } from './ask.js';
import { startLive } from './live.js';

const TOKEN_KEY = 'studio-token';

export const byId = (id) => document.getElementById(id);

/** An element with text in it; `properties` are set as they are. */
export function element(tag, text, properties = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, properties);
}

export class SqlError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function headers() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token ? { authorization: `Bearer ${token}` } : {};
}

let asking;

/** Asks for the token once, however many requests were refused. */
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = byId('token-dialog');
    dialog.addEventListener(
      'close',
      () => {
        sessionStorage.setItem(TOKEN_KEY, byId('token').value);
        asking = undefined;
        resolve();
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

/** fetch, with the token that the server asks for. */
async function call(path, options = {}) {
  const reply = await fetch(path, { ...options, headers: { ...options.headers, ...headers() } });
  if (reply.status !== 401) return reply;
  await askForToken();
  return call(path, options);
}

/** Answers {columns: [{name, type}], rows: [[…]]}; throws SqlError when the statement is wrong. */
export async function sql(text, signal) {
  const body = JSON.stringify({ sql: text });
  const reply = await call('/api/v1/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal,
  });
  const answer = parseExactly(await reply.text());
  if (!reply.ok) throw new SqlError(answer.code, answer.message);
  return answer;
}

/** Only http addresses become links. */
function link(anchor, address) {
  if (!/^https?:\/\//.test(address ?? '')) return false;
  anchor.href = address;
  anchor.hidden = false;
  return true;
}

function showAbout(about) {
  byId('step-shop').hidden = !link(byId('shop-link'), about.shop_url);
  if (link(byId('open-shop'), about.shop_url)) {
    byId('nothing-hint').textContent = 'Open the demo shop and click around: events appear here within seconds.';
  }
  const collector = about.collector_url ?? 'https://collector.example';
  const key = about.write_key ?? 'YOUR_WRITE_KEY';
  byId('snippet').textContent =
    `<script async src="/telemetry.js"\n  data-ct-endpoint="${collector}"\n  data-ct-key="${key}"></script>`;
  const store = about.store_url ?? 'file:///your/store';
  byId('command').textContent =
    `warehouse --store ${store} \\\n  sql "select type, count(*) as n from events group by 1"`;
}

function copying() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(byId(button.dataset.copy));
        button.textContent = 'Press Ctrl C';
      }
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1500);
    });
  }
}

async function start() {
  showAbout({});
  copying();
  startAsk();
  startLive();
  try {
    showAbout(await (await call('/api/v1/about')).json());
  } catch {
    /* the live part says that the server is away */
  }
}

start();
