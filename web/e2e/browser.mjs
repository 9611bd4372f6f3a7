// Starts the system's Chromium, headless, with what tests need.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `more`: further command line flags; `options`: of Playwright's launch. */
export async function launch(more = [], options = {}) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(
      `no browser at ${executablePath}: apt-get install -y --no-install-recommends chromium, or set CHROMIUM`,
    );
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...more], ...options });
}
