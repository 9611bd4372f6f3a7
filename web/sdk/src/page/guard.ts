/** What runs on the page's behalf never throws into it: an error of ours is kept inside, counted, and told once. */

let count = 0;
let tell: (() => void) | null = null;

/** Something of ours threw. */
export function failed(): void {
  count++;
  const first = tell;
  tell = null;
  // Telling may fail in the same way.
  if (first) guarded(first);
}

/** Calls `run`; undefined when it fails. */
export function guarded<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    failed();
    return undefined;
  }
}

/** How often something of ours failed in this document. */
export const failures = (): number => count;

/** `first` is called at the first failure from now on. */
export function onFailure(first: () => void): void {
  tell = first;
}

/** As `guarded`, for what a browser may refuse: nothing of ours has failed then. */
export function quietly<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
