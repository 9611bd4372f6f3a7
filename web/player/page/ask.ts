// What the server is asked, with the token that somebody typed.

/** Why there is no answer; a status of 401 asks for a token. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Its answer. Throws `Refused`, with the server's reason. */
export async function call(path: string, token: string): Promise<Response> {
  const headers: HeadersInit = token ? { authorization: `Bearer ${token}` } : {};
  const reply = await fetch(path, { headers });
  if (reply.ok) return reply;
  const said = await reply.json().catch(() => ({}));
  throw new Refused(reply.status, said.message ?? `the server answers ${reply.status}`);
}

// biome-ignore lint/suspicious/noExplicitAny: what the server says is known by the path
export async function json(path: string, token: string): Promise<any> {
  return (await call(path, token)).json();
}
