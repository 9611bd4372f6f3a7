import assert from 'node:assert/strict';

const PATIENCE_MS = 20_000;

/** Waits until `probe` answers something true, and returns it; fails with `what` when it does not within so long. */
export async function eventually(what, probe, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
