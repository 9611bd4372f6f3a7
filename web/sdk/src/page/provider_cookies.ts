/** Join keys of other providers, read from their own first-party cookies. Nothing is written. */

export interface ProviderIds {
  ga_client_id: string | null;
  ga_session_id: string | null;
  adobe_ecid: string | null;
}

/** `_ga=GA1.2.1234.5678` (client 1234.5678), `_ga_X=GS1.1.<session>.…` or `GS2.1.s<session>$o1…`, `AMCV_…=…MCMID|<ecid>|…`. */
export function providerIds(cookies: string): ProviderIds {
  const find = (pattern: RegExp) => pattern.exec(cookies)?.[1] ?? null;
  return {
    ga_client_id: find(/(?:^|; )_ga=GA\d+\.[\d-]+\.(\d+\.\d+)(?:;|$)/),
    ga_session_id: find(/(?:^|; )_ga_\w+=GS(?:1\.[\d-]+\.|2\.[\d-]+\.(?:[^;]*?\$)?s)(\d+)/),
    adobe_ecid: find(/(?:^|; )AMCV_[^=]+=[^;]*?MCMID(?:\||%7C)(\d+)/i),
  };
}
