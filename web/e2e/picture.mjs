// node e2e/picture.mjs DATA_DIR OUT.png: the README's picture, of a running standalone: a person at work in the shop on
// the left, the studio at the same moment on the right.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { Person, seeded } from './person.mjs';

const [dataDir, out] = process.argv.slice(2);
if (!dataDir || !out) {
  console.error('usage: node e2e/picture.mjs DATA_DIR OUT.png');
  process.exit(2);
}
const { shop_url, studio_url } = JSON.parse(await readFile(join(dataDir, 'standalone.json'), 'utf8'));
const SIZE = { width: 860, height: 960 };

const browser = await launch();
const context = await browser.newContext({ viewport: SIZE });
const shop = await context.newPage();
await shop.goto(shop_url);
const person = await Person.at(shop, seeded(11));
for (const [x, y] of [
  [400, 300],
  [200, 520],
  [640, 700],
  [300, 640],
])
  await person.moveTo(x, y);
await person.type('input[type=search]', 'coats');
await person.choose('#filter-sort');
await person.hover('article a, article button');
await shop.evaluate(() => window.telemetry.flush());
await shop.waitForTimeout(300);
// A headless browser draws no pointer.
await shop.evaluate(
  ([x, y]) => {
    const pointer = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    pointer.setAttribute('viewBox', '0 0 12 19');
    pointer.innerHTML = '<path d="M0 0v16l4-4 3 7 2-1-3-7h6z" fill="#111" stroke="#fff"/>';
    pointer.style.cssText = `position:fixed;z-index:99;width:18px;left:${x}px;top:${y}px;pointer-events:none`;
    document.body.append(pointer);
  },
  [person.x, person.y],
);

const studio = await context.newPage();
await studio.goto(studio_url);
await studio.waitForSelector('.answer tbody tr');
await studio.waitForTimeout(4_000); // rows flow in one by one
const pictures = await Promise.all([shop, studio].map(async (page) => (await page.screenshot()).toString('base64')));

const frame = await context.newPage();
await frame.setViewportSize({ width: 2 * SIZE.width + 72, height: SIZE.height + 48 });
await frame.setContent(`<style>
  body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #dfe4ee }
  img { width: ${SIZE.width}px; border-radius: 14px; box-shadow: 0 6px 24px #0002 }
</style>${pictures.map((data) => `<img src="data:image/png;base64,${data}">`).join('')}`);
await frame.screenshot({ path: out });
await browser.close();
