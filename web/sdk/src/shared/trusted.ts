/** Addresses of scripts where the page's policy lets none but trusted ones in (w3.org/TR/trusted-types). */

interface Policies {
  createPolicy(name: string, rules: object): { createScriptURL(address: string): string };
}

let policy: { createScriptURL(address: string): string } | undefined;

/** The address itself where there is no such policy, or ours is refused: then the browser decides. */
export function trusted(address: string): string {
  try {
    const { trustedTypes } = globalThis as { trustedTypes?: Policies };
    policy ??= trustedTypes?.createPolicy('customer-telemetry', { createScriptURL: (own: string) => own });
  } catch {
    // Refused by the page.
  }
  return policy?.createScriptURL(address) ?? address;
}
