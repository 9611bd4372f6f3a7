/** Style sheets by their text: the rules of a browser, or none; files and imports; what is told until a file is there. */
import { beforeEach, expect, test } from 'vitest';
import { type Rows, rowsOf } from '../src/page/replay/rows.ts';
import {
  CHILDREN,
  NAMES_END,
  NODE_ELEMENT,
  RULE_INSERT,
  SHEET,
  SHEET_SOURCE,
  SNAPSHOT,
  SNAPSHOT_END,
  TEXT,
} from '../src/shared/replay_rows.ts';
import { Encoder } from '../src/worker/replay/encode/encoder.ts';
import { topRules } from '../src/worker/replay/encode/sheet_text.ts';
import type { Recorded } from '../src/worker/replay/recorded.ts';

test('rules are told apart as a browser does', () => {
  const CASES: [string, string[]][] = [
    ['', []],
    ['a{} b { c: d }\n', ['a{}', 'b { c: d }']],
    ['@media x { a{} b{} } c{}', ['@media x { a{} b{} }', 'c{}']],
    ['a::before{content:"}{;\\""} b[x="]{"]{}', ['a::before{content:"}{;\\""}', 'b[x="]{"]{}']],
    ["a{b:url(x;y}z)} c{d:url('e)f')}", ['a{b:url(x;y}z)}', "c{d:url('e)f')}"]],
    ['/* a{} */ a/* b{ */{} /* c */', ['a/* b{ */{}']],
    [
      '@charset "utf-8";@layer a,b;@import "x;y.css" print;c{}@import "late";',
      ['@layer a,b;', '@import "x;y.css" print;', 'c{}'],
    ],
    ['a::-moz-focus-inner{}b:-ms-input-placeholder,c{}@-ms-viewport{d:e}::-webkit-search{}', ['::-webkit-search{}']],
    ['@-moz-keyframes x{from{}}@-webkit-keyframes x{from{}}', ['@-webkit-keyframes x{from{}}']],
    ['@supports selector(::-moz-x){a{}}', ['@supports selector(::-moz-x){a{}}']],
    ['.md\\:a{} .\\32 xl{} .w\\[1\\]{}', ['.md\\:a{}', '.\\32 xl{}', '.w\\[1\\]{}']],
    [':root{--x:{a:b;c:d};--y:[1]}', [':root{--x:{a:b;c:d};--y:[1]}']],
  ];
  for (const [css, rules] of CASES) expect(topRules(css), css).toEqual(rules);
});

test('of what is not plain the browser is asked', () => {
  const CASES = [
    'a{',
    'a{}}',
    'a{b:"c\n"}',
    'a{b:url(c d)}',
    'a{b:url(c\\)d)}',
    'a{b:u\\72l(c?who=ada)}',
    'a{b:u\\rl(c?who=ada)}',
    'a{b:image-set("c" 1x)}',
    'a[b/**/=c]{}',
    '<!-- a{} -->',
    'a{} words',
    'a;b{}',
    'a{};b{}',
    '/* a{}',
    'a{b:(c]}',
  ];
  for (const css of CASES) expect(topRules(css), css).toBe(null);
});

test('a sheet of a megabyte takes as long as its length, whatever is in it', () => {
  const HARD = ['/**/', 'a/**/', '"', "\\'", '(', 'url(', '{', '@import "a"', 'a{b:"', ';', '[', '@layer '];
  const began = performance.now();
  for (const hard of HARD) topRules(hard.repeat(1_000_000 / hard.length));
  expect(performance.now() - began).toBeLessThan(20_000);
});

let recorded: Recorded[];
let files: Record<string, string>;
let read: string[];
let asked: number[];
let rows: Rows;
let encoder: Encoder;
let held: Promise<void>;
let caughtUp: number;
const STYLE = 3;

beforeEach(() => {
  [recorded, files, read, asked, rows, held, caughtUp] = [[], {}, [], [], rowsOf(), Promise.resolve(), 0];
  const url = 'https://shop.example/user?id=4711';
  const viewed = { visitor_id: '', tab_id: '', page_view_id: '', url, viewport: [1, 1] as [number, number] };
  encoder = new Encoder(viewed, (events) => recorded.push(...events), {
    found() {},
    async sheet(address) {
      read.push(address);
      await held;
      const text = files[address];
      return text === undefined ? null : { text, base: address };
    },
    rules: (of) => asked.push(of),
    caughtUp: () => caughtUp++,
    failed: () => asked.push(-1),
  });
});

const send = () => {
  const end = rows.length();
  encoder.encode({ numbers: rows.takeNumbers().subarray(0, end), text: rows.text(), at: 1, q: 7 });
};
const put = (...numbers: number[]) => {
  for (const number of numbers) rows.put(number);
};
/** A snapshot of one element, whose style sheet is told so. */
function snapshot(address: string, count: number, text?: string): void {
  put(SNAPSHOT, 1280, 720, 0, 0, 1, 0, CHILDREN, 1, NODE_ELEMENT, STYLE);
  rows.name(text === undefined ? 'link' : 'style');
  put(0, NAMES_END, 0, 0, SHEET_SOURCE, STYLE);
  rows.string(address);
  put(count);
  if (text === undefined) put(-1);
  else rows.string(text);
  put(SNAPSHOT_END, 2_500, 0);
  send();
}
const insert = (place: number, rule: string) => {
  put(RULE_INSERT, 1, STYLE, place);
  rows.string(rule);
};
/** What the snapshot has, and what followed. */
const cssText = () => /"_cssText":("(?:[^"\\]|\\.)*")/.exec(recorded.map(({ line }) => line).join('\n'))?.[1];
const css = () => JSON.parse(cssText() ?? 'null');
const changes = () => recorded.filter(({ kind }) => kind === 'mutations').map(({ line }) => JSON.parse(line).data);
const settled = async () => {
  for (let turn = 0; turn < 50; turn++) await undefined;
};

test('a text with as many rules as the browser has is the sheet, masked, and is followed at once', () => {
  snapshot('https://shop.example/', 2, '/* Ada */a{b:c}i::before{content:"Ada"}');
  expect(css()).toBe('a{b:c}\ni::before{content:"***"}');
  insert(1, 'u{}');
  send();
  expect(changes()).toEqual([{ source: 8, id: STYLE, adds: [{ rule: 'u{}', index: 1 }] }]);
  expect(asked).toEqual([]);
});

test('of a text with other rules than the browser has, the page is asked; until then it is shown, and not followed', () => {
  snapshot('https://shop.example/', 2, 'a{b:c}');
  expect([css(), asked]).toEqual(['a{b:c}', [STYLE]]);
  insert(0, 'u{}');
  send();
  expect(changes()).toEqual([]);
  put(SHEET, STYLE);
  rows.string('https://shop.example/');
  put(2);
  for (const rule of ['u { }', 'a { }']) rows.string(rule);
  insert(2, 'b{}');
  send();
  expect(changes()[0].attributes[0].attributes._cssText).toBe('u { }\na { }\nb{}');
});

test('a file is read with all that it imports, and what is told after it waits', async () => {
  files = {
    'https://shop.example/a/site.css':
      '@import "b.css?v=1" layer(low) print;@import url(../c.css);p{background:url(d.png?who=ada)}',
    'https://shop.example/a/b.css?v=1': 'b{}',
    'https://shop.example/c.css': '@namespace x "y";c{d:url(e.png)}',
  };
  let go = () => {};
  held = new Promise((resolve) => {
    go = resolve;
  });
  snapshot('https://shop.example/a/site.css', 3);
  insert(3, 'u{}');
  send();
  expect([encoder.waits, recorded]).toEqual([true, []]);
  go();
  await settled();
  expect(css()).toBe(
    '@media print{@layer low{b{}}}\n@media all{@namespace x "y";\nc{d:url("https://shop.example/e.png")}}\np{background:url("https://shop.example/a/d.png?who=")}',
  );
  expect([changes().length, encoder.waits, caughtUp, asked]).toEqual([1, false, 1, []]);
});

test('a file that cannot be had is asked for, and an import of which that is so', async () => {
  files = { 'https://shop.example/a.css': '@import "none.css";a{}', 'https://shop.example/b.css': '@import "b.css";' };
  for (const address of ['none.css', 'a.css', 'b.css']) {
    recorded = [];
    snapshot(`https://shop.example/${address}`, 2);
    while (encoder.waits) await settled();
    expect([cssText(), recorded.length]).toEqual([undefined, 2]);
  }
  expect(asked).toEqual([STYLE, STYLE, STYLE]);
});

test('when the page may end nothing waits for a file, and what comes late is left out', async () => {
  files = { 'https://shop.example/a.css': 'a{}' };
  snapshot('https://shop.example/a.css', 1);
  put(TEXT, 99);
  rows.string('gone');
  send();
  encoder.hurry();
  expect([recorded.length, cssText(), asked, encoder.waits]).toEqual([2, undefined, [STYLE], false]);
  await settled();
  expect([recorded.length, caughtUp]).toEqual([2, 0]);
});
