// Requests to the server, with the token that it asks for.

import { parseExactly } from './answer.js';
import { byId } from './dom.js';

const TOKEN_KEY = 'studio-token';

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
export async function call(path, options = {}) {
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
