// What opens a replay has in common: served or from files, in Chromium without a network beyond the address' own host.
import { eventually } from './eventually.mjs';

/** What the page does that it should not, from now on. */
export function watched(page, url) {
  const told = { foreign: [], violations: [], errors: [] };
  page.on('pageerror', (error) => told.errors.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused/.test(message.text())) told.violations.push(message.text());
  });
  page.on('request', (request) => {
    const own = url.startsWith('file:') ? 'file:' : new URL(url).origin;
    if (!request.url().startsWith(own) && !/^(data|blob|about):/.test(request.url())) told.foreign.push(request.url());
  });
  return told;
}

/** Opens it, and waits until it can be played. `player`: the frame that shows it; `seek`: to so many milliseconds. */
export async function begun(page, url, token) {
  await page.goto(url);
  if (token) {
    await page.waitForSelector('#token-dialog[open]');
    await page.fill('#token', token);
    await page.click('#token-dialog button');
  }
  await page.waitForSelector('body[data-state="shown"]', { timeout: 60_000 });
  const player = () => page.frames().find((frame) => /\/player(\.html)?$/.test(frame.url()));
  await eventually('it can be played', async () => (await page.isEnabled('#play')) && Boolean(player()));
  const seek = (ms) =>
    page.evaluate((at) => {
      const seek = document.getElementById('seek');
      seek.value = String(at);
      seek.dispatchEvent(new Event('change'));
    }, ms);
  return { player, seek };
}
