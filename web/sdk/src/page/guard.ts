/** What runs on the page's behalf never throws into it: an error of ours is kept inside, counted, and told once. */

let failed = 0;
let tell: (() => void) | null = null;

/** Calls `run`; undefined when it fails. */
export function guarded<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    failed++;
    const first = tell;
    tell = null;
    // Telling may fail in the same way.
    if (first) guarded(first);
    return undefined;
  }
}

/** How often something of ours failed in this document. */
export const failures = (): number => failed;

/** `first` is called at the first failure from now on. */
export function onFailure(first: () => void): void {
  tell = first;
}
