// The studio's two calls: SQL, and what this installation is.

export class SqlError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new SqlError('unreachable', 'The studio does not answer. Is it still running?');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new SqlError(body.code ?? `http_${response.status}`, body.message ?? response.statusText);
  return body;
}

/** Runs a statement: `{columns: [{name, type}], rows: [[…]]}`. */
export const sql = (text) =>
  call('/api/v1/sql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ sql: text }),
  });

/** Runs a statement and gives one object a row. */
export async function rows(text) {
  const answer = await sql(text);
  const names = answer.columns.map((column) => column.name);
  return answer.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])));
}

export const about = () => call('/api/v1/about');
