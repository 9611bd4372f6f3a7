import assert from 'node:assert/strict';

const PATIENCE_MS = 20_000;

/** Waits until `probe` answers something true, and returns it; fails with `what` when it does not. */
export async function eventually(what, probe) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
