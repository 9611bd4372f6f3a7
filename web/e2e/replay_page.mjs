// Opens a replay as a person does, served or from files, and says what it shows. See `usage`.
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { begun, watched } from './replay_visit.mjs';

const usage = `usage: node e2e/replay_page.mjs URL [--token TOKEN] [--pictures FOLDER]

Opens /replay?session=… of a server, or index.html of \`warehouse replay\`, in Chromium without a network beyond the URL's own host.
Prints {"counts","texts","badges","losses","hatched","books","wireframe","foreign","violations","errors"}: what the page showed at 10, 30, 45 and 58 s,
and what it should not have done. --pictures: pictures of it are put there, light and dark, wide and narrow.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { token: { type: 'string' }, pictures: { type: 'string' } },
});
const [url] = positionals;
if (!url) {
  console.error(usage);
  process.exit(2);
}

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
const told = watched(page, url);
page.on('response', (response) => {
  if (response.status() >= 400 && response.status() !== 401) told.errors.push(`${response.status()} ${response.url()}`);
});
if (url.startsWith('file:')) await context.setOffline(true);
const { player, seek } = await begun(page, url, values.token);

async function shown(seconds) {
  await seek(seconds * 1000);
  const at = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  await eventually(`it is at ${at}`, async () => (await page.textContent('#now')) === at);
  const inside = () => document.querySelector('#stage iframe')?.contentDocument?.querySelector('#count');
  await eventually('the page is there', () => player().evaluate(`(${inside})() != null`));
  // A picture of the page is whole when its styles are.
  const styled = `[...document.querySelector('#stage iframe').contentDocument.querySelectorAll('link')].every(({ sheet }) => sheet)`;
  await eventually('its styles are there', () => player().evaluate(styled));
  return player().evaluate(`(() => { const count = (${inside})(); const { backgroundColor } = getComputedStyle(count.closest('header'));
    return { count: count.textContent, colour: backgroundColor, hatched: document.getElementById('stage').matches('.hatched') }; })()`);
}

const moments = [];
for (const seconds of [10, 30, 45, 58, 5]) moments.push(await shown(seconds));
told.counts = moments.map(({ count }) => count);
told.colours = [...new Set(moments.map(({ colour }) => colour))];
told.hatched = moments.map(({ hatched }) => hatched);
told.losses = await page.textContent('#losses');
told.books = await page.textContent('#books');
told.badges = await page.locator('.badge').allTextContents();
await page.waitForSelector('.mark .friction', { timeout: 240_000 });
told.marks = await page.locator('.mark .what').allTextContents();
const inked = () =>
  player().evaluate(() => {
    const canvas = document.getElementById('overlay');
    return canvas
      .getContext('2d')
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((value) => value > 0);
  });
told.pointer = await inked();
await page.keyboard.press('Space');
await eventually('it plays', () => page.evaluate(() => document.getElementById('play').matches('.playing')));
await page.keyboard.press('Space');
await eventually('it stops', () => page.evaluate(() => !document.getElementById('play').matches('.playing')));

if (values.pictures) {
  await shown(45);
  for (const scheme of ['light', 'dark'])
    for (const width of [1440, 390]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: `${values.pictures}/replay-${scheme}-${width}.png` });
    }
  await page.setViewportSize({ width: 1440, height: 900 });
}
if ((await page.locator('.view').count()) > 1) {
  await page.locator('.view').nth(1).click();
  await eventually('a wireframe is shown', () => page.isVisible('#empty'));
  await eventually('it is drawn', inked);
  told.wireframe = await page.textContent('#empty');
  if (values.pictures) await page.screenshot({ path: `${values.pictures}/replay-wireframe.png` });
}
console.log(JSON.stringify(told));
await browser.close();
