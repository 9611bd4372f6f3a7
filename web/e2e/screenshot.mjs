// node e2e/screenshot.mjs URL OUT.png [--dark] [--width N] [--full]: how a page looks.
import { launch } from './browser.mjs';

const [url, out, ...flags] = process.argv.slice(2);
if (!url || !out) {
  console.error('usage: node e2e/screenshot.mjs URL OUT.png [--dark] [--width N] [--full]');
  process.exit(2);
}
const width = flags.includes('--width') ? Number(flags[flags.indexOf('--width') + 1]) : 1280;
const browser = await launch();
const page = await browser.newPage({
  viewport: { width, height: 900 },
  colorScheme: flags.includes('--dark') ? 'dark' : 'light',
});
await page.goto(url, { waitUntil: 'networkidle' });
await page.screenshot({ path: out, fullPage: flags.includes('--full') });
await browser.close();
