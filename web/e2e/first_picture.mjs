// How long somebody waits for a recording in the player. See `usage`.
import { readFile } from 'node:fs/promises';
import { launch } from './browser.mjs';

const usage = `usage: node e2e/first_picture.mjs FILE

FILE: {"url", "token", "views": [{"session", "page_view", "length_ms"}, …]} of a running \`warehouse serve\`.
Prints {"browser"}, then for each page view, opened in a fresh profile, {"picture_ms", "seek_ms"}: from the navigation until the
recorded page stands there with its styles and a frame was drawn, and from a choice of another time until that was. The next one is
opened when all that this one asks for has been answered, and the browser is done with its profile.`;

/** A busy machine; not the product's patience. */
const PATIENCE_MS = 60_000;
/** A browser throws a profile away and makes another for so long after it says that it has: nobody's page begins beside that. */
const REST_MS = 500;
/** The page tells times in whole seconds: so far away it tells another one. */
const AWAY_MS = 1_500;

const [file] = process.argv.slice(2);
if (!file) {
  console.error(usage);
  process.exit(2);
}
const { url, token, views } = JSON.parse(await readFile(file, 'utf8'));
const browser = await launch();
console.log(JSON.stringify({ browser: `Chromium ${browser.version()}` }));
for (const [number, view] of views.entries()) console.log(JSON.stringify(await look(view, number)));
await browser.close();

async function look({ session, page_view, length_ms }, number) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const failed = new Promise((_, no) => page.on('pageerror', no));
  let tell;
  const pictured = new Promise((done) => {
    tell = done;
  });
  await page.exposeBinding('pictured', (_, at) => tell(at));
  await page.addInitScript(giveToken, token);
  await page.addInitScript(watch);
  // What a page asks for last.
  const judged = page.waitForResponse((response) => response.url().endsWith('/friction'), { timeout: PATIENCE_MS });
  judged.catch(() => undefined);
  await new Promise((rested) => setTimeout(rested, REST_MS));
  await page.goto(`${url}/replay?session=${session}&page_view=${page_view}`);
  const picture_ms = (await soon(pictured, failed)) - (await page.evaluate(() => performance.timeOrigin));
  // Anywhere, but not where it is; the same in every run.
  const at = Math.max(AWAY_MS, Math.floor(length_ms * (((number * 7) % 10) / 10 + 0.05)));
  const seek_ms = await soon(page.evaluate(seek, at), failed);
  await (await judged).finished();
  await context.close();
  return { picture_ms, seek_ms };
}

function soon(what, failed) {
  const late = new Promise((_, no) => setTimeout(no, PATIENCE_MS, new Error('there is no picture')).unref());
  return Promise.race([what, failed, late]);
}

/** Types it in the moment in which the page asks for it. */
function giveToken(token) {
  if (top !== window) return;
  const look = () => {
    const dialog = document.querySelector('#token-dialog[open]');
    if (!dialog) return setTimeout(look);
    dialog.querySelector('#token').value = token;
    dialog.querySelector('button').click();
  };
  look();
}

/** In the player's document: tells when what was recorded has been drawn. Looked for between frames: to ask for one is to draw it. */
function watch() {
  if (location.pathname !== '/player') return;
  const look = () => {
    const shown = document.querySelector('#stage iframe')?.contentDocument;
    const whole = shown?.querySelector('.card') && [...shown.querySelectorAll('link')].every(({ sheet }) => sheet);
    if (!whole) return setTimeout(look);
    requestAnimationFrame(() => setTimeout(() => window.pictured(performance.timeOrigin + performance.now())));
  };
  look();
}

/** In the page around it: milliseconds until the player is at another time. */
function seek(at) {
  const control = document.getElementById('seek');
  const now = document.getElementById('now');
  const before = now.textContent;
  const started = performance.now();
  return new Promise((done) => {
    new MutationObserver(() => {
      if (now.textContent === before || Math.abs(Number(control.value) - at) > 500) return;
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
    }).observe(now, { childList: true, characterData: true, subtree: true });
    control.value = String(at);
    control.dispatchEvent(new Event('change'));
  });
}
