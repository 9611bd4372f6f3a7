// A page with linked sheets, imports, fonts and images is recorded; its site is stopped; the recording is compared with what it was.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { chunksIn } from './frames.mjs';
import { pictureOf } from './replay_picture.mjs';
import { begun, watched } from './replay_visit.mjs';
import { site } from './site.mjs';

const usage = `usage: node e2e/replay_offline.mjs record FOLDER
       node e2e/replay_offline.mjs show FOLDER URL [--token TOKEN]

record: visits a page of a site of its own, and writes what its collector got (frames/0, …) and what the page looked like (told.json).
show: opens the replay of it at URL, or index.html of \`warehouse replay\`, without a network beyond the URL's own host. Prints
{"wrong","foreign","violations","errors"}: moments at which it looks otherwise, and what it should not have done.`;

/** An image of 7 x 3 px. */
const PIXELS = 'iVBORw0KGgoAAAANSUhEUgAAAAcAAAADCAIAAADQoYKSAAAAEUlEQVR42mM4UaGBiRhIEAUA3BcdiQdru40AAAAASUVORK5CYII=';
/** A font in which an x is three times as wide as it is high, and nothing else is there. */
const WIDE =
  'd09GMgABAAAAAAEQAAoAAAAAAlwAAADKAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAABmAANAoYOAE2AiQDCAsGAAQgBVcHIBvEAQCeBXbDdcNBJsXFYGji8PAjnq+G7v3bTTr08REKiWrWduub8WgcNx40usNjx/H1dCaaRNeIGtAQklol/uvkOKAW0CUPgAIKAwuEI4w0sEhyG1OPniCIxo02quVXstCCgO5bPPiaUIC5AxgoXCrBpXZAa8HDf7yWABigETRWgAaks3pemp+YQBBeH7+Pk5u/ddWEnyvl2L3t+jJAqAmXDZAjvxSiQ0uiMWPtWkA0AoaVVtIbsbYz13Ds4gjNf0bdz41ChtpZSYA=';

const FILES = {
  '/look/site.css': [
    'text/css',
    `@charset "utf-8";
/* the look */ @layer low, high;
@import "parts.css";
@import url(narrow.css) (max-width: 10px);
@import url('layered.css') layer(low);
@font-face{font-family:Wide;src:url(../wide.woff2) format("woff2")}
h1 { font: 10px Wide; color: rgb(10,20,30) } h1 span { display:inline-block }
button::-moz-focus-inner { border: 0 }
@media (min-width: 1px) { .late { color: rgb(40,50,60) } }
.icon { content: url(icon.png?size=7); display:inline-block }`,
  ],
  '/look/parts.css': ['text/css', '@import "deep.css";p{color:rgb(70,80,90)}'],
  '/look/deep.css': ['text/css', '.deep{color:rgb(1,2,3);display:inline-block}'],
  '/look/narrow.css': ['text/css', '*{color:rgb(255,0,0) !important}'],
  '/look/layered.css': ['text/css', '.plain{color:rgb(4,5,6)}b{color:rgb(200,0,0)}'],
  '/wide.woff2': ['font/woff2', Buffer.from(WIDE, 'base64')],
  '/look/icon.png': ['image/png', Buffer.from(PIXELS, 'base64')],
  '/picture.png': ['image/png', Buffer.from(PIXELS, 'base64')],
  '/inner/frame.html': [
    'text/html',
    '<!doctype html><img id="inner" src="own.png" srcset="own.png 1x,none.png 9x" alt="">',
  ],
  '/inner/own.png': ['image/png', Buffer.from(PIXELS, 'base64')],
};
const PAGE = `<link rel="stylesheet" href="/look/site.css"><style>b{color:rgb(0,100,0)}</style><style id="made">i{display:none}</style>
<h1><span id="wide">xxx</span></h1><p>text</p><p class="deep">deep</p><p class="late">late</p><u class="plain">layered</u>
<b>bold</b><i>not shown</i><div class="icon" id="icon"></div><img id="picture" src="/picture.png" alt="">
<iframe src="/inner/frame.html"></iframe>
<script>document.querySelector('#made').sheet.insertRule('em{color:rgb(9,8,7)}', 1); document.body.append(Object.assign(document.createElement('em'), { textContent: 'made' }))</script>`;
/** What happens on the page, one after the other; each is seen. */
const ACTS = [
  () => {},
  () => document.styleSheets[0].insertRule('p{color:rgb(11,11,11)!important}', document.styleSheets[0].cssRules.length),
  () => document.styleSheets[0].deleteRule(document.styleSheets[0].cssRules.length - 1),
  () => {
    for (const rule of document.styleSheets[0].cssRules)
      if (rule.selectorText === 'h1') rule.style.color = 'rgb(12,13,14)';
  },
  () => document.styleSheets[1].insertRule('u{display:block}', 0),
];
/** Scripts' own changes of styles are looked for after so long at most (docs/recordings.md), and a little. */
const TOLD_MS = 1300;
/** Between what was seen and what happens next. */
const APART_MS = 100;

/** Runs in a browser: what `pictureOf` sees, and how large is what fonts and images make large. */
const LOOK = `(all) => [...(${pictureOf})(all), ...['wide', 'icon', 'picture', 'inner'].map((id) => {
  const element = all.getElementById(id) ?? all.querySelector('iframe').contentDocument.getElementById(id);
  const { width, height } = element.getBoundingClientRect();
  return id + ' ' + Math.round(width) + ' x ' + Math.round(height);
})]`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { token: { type: 'string' } } });
const [command, folder, url] = positionals;
if (command === 'record' && folder) await record();
else if (command === 'show' && url) await show();
else {
  console.error(usage);
  process.exit(2);
}

async function record() {
  const server = await site();
  const asked = {};
  for (const [path, [type, body]] of Object.entries(FILES))
    server.files[path] = (request, response) => {
      asked[request.url] = (asked[request.url] ?? 0) + 1;
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'max-age=600' }).end(body);
    };
  server.page = PAGE;
  Object.assign(server.attributes, { 'data-ct-replay': 'always' });
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(server.url);
  const { visitor_id, tab_id } = await page.evaluate(() => window.customerTelemetry.stats());
  const frames = () => server.posts.flatMap(({ frames, status }) => (status === 200 ? frames : []));
  const views = () => [...new Set(frames().flatMap(({ header }) => header.page_view_id ?? []))];
  const chunks = () => (views()[0] ? chunksIn(frames(), views()[0]) : []);
  await eventually('a snapshot', () => chunks().length > 0);
  const moments = [];
  for (const act of ACTS) {
    await page.evaluate(`(${act})()`);
    await page.waitForTimeout(TOLD_MS);
    moments.push(
      await page.evaluate(`({ look: (${LOOK})(document), at: performance.timeOrigin + performance.now() })`),
    );
    await page.waitForTimeout(APART_MS);
  }
  await eventually('the names of fonts and images', () =>
    ['wide.woff2', 'own.png'].every((file) => chunks().some(({ text }) => text.includes(`${file}":"`))),
  );
  await page.evaluate(() => {
    document.body.append('The end');
    history.pushState(null, '', '/other');
  });
  await eventually('the end', () => chunks().some(({ header }) => header.final));
  await page.evaluate(() => window.customerTelemetry.flush());
  const [page_view_id] = views();
  mkdirSync(`${folder}/frames`, { recursive: true });
  const sized = (bytes) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  for (const [number, { header, payload }] of frames().entries())
    writeFileSync(
      `${folder}/frames/${number}`,
      Buffer.concat([sized(Buffer.from(JSON.stringify(header))), sized(payload)]),
    );
  const began = chunks()[0].header.first_at;
  writeFileSync(`${folder}/told.json`, JSON.stringify({ visitor_id, tab_id, page_view_id, began, asked, moments }));
  await browser.close();
  await server.close();
}

async function show() {
  const { began, moments } = JSON.parse(readFileSync(`${folder}/told.json`, 'utf8'));
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const told = { wrong: [], ...watched(page, url) };
  const { player, seek } = await begun(page, url, values.token);
  for (const [number, { look, at }] of moments.entries()) {
    await seek(at - began);
    let shown = [];
    await eventually(`moment ${number}`, async () => {
      shown = await player()
        .evaluate(`(${LOOK})(document.querySelector('#stage iframe').contentDocument)`)
        .catch((error) => [String(error)]);
      return shown.join() === look.join();
    }).catch(() => {
      const lines = look.flatMap((line, n) => (line === shown[n] ? [] : [`${line} | ${shown[n]}`]));
      told.wrong.push({ moment: number, lines });
    });
  }
  console.log(JSON.stringify(told));
  await browser.close();
}
