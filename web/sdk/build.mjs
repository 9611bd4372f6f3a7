// Bundles the SDK, holds it to its size budget, and says how each file can be named and checked.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { agreed, handOver, takeOver } from './hand_over.mjs';
import { pageNames, privateNames } from './short_names.mjs';

/**
 * Largest size in bytes after gzip. The first part is what the page waits for; the late one, which takes texts and addresses
 * apart so that no secret leaves, comes beside it.
 */
const PAGE_BYTES_MAX = 12 * 1024;
const LATE_BYTES_MAX = 12 * 1024;
const WORKER_BYTES_MAX = 20 * 1024;
/** Of a page that is recorded: what comes when it has loaded, and what its worker loads then. */
const REPLAY_BYTES_MAX = 8 * 1024;
const REPLAY_WORKER_BYTES_MAX = 20 * 1024;

/**
 * Chromium compiles a script that says so whole when it is loaded, and not function by function as each is first called, in the
 * middle of the person's doing (v8.dev/blog/explicit-compile-hints).
 */
const COMPILE_AT_ONCE = '//# allFunctionsCalledOnLoad\n';

/** Constants of the platform, which no page can replace when they stand in the script, and which are shorter so. */
const CONSTANTS = {
  'Number.NaN': 'NaN',
  'Number.POSITIVE_INFINITY': 'Infinity',
  'Node.ELEMENT_NODE': '1',
  'Node.TEXT_NODE': '3',
  'Node.DOCUMENT_NODE': '9',
  'Node.DOCUMENT_TYPE_NODE': '10',
  'Node.DOCUMENT_FRAGMENT_NODE': '11',
  'NodeFilter.SHOW_TEXT': '4',
};

/**
 * What the page's modules mean by these is the window's, as they stand before a `class`, a `const` or a `let` of the page's, which
 * hide them from every script of the document, before us or after. The window and the document cannot be hidden. (Not here is what
 * nobody calls something of his own: `Math`, typed arrays.)
 */
const GLOBALS = Object.fromEntries(
  `Array Date Function JSON Map Number Object Proxy Reflect Set String URL WeakMap WeakRef WeakSet BroadcastChannel
  CharacterData Document DocumentFragment Element Event EventTarget HTMLInputElement HTMLTextAreaElement Headers Navigator
  Node Request Response Text XMLHttpRequest console crypto navigator performance screen Blob Intl ShadowRoot getSelection
  history localStorage indexedDB innerWidth innerHeight scrollX scrollY`
    .split(/\s+/)
    .map((name) => [name, `ownWindow.${name}`]),
);
Object.assign(GLOBALS, { window: 'ownWindow', document: 'ownDocument' });
/** Begins such a module: to ask the browser for these two costs something each time. */
const REALM = 'const ownWindow = window, ownDocument = document;';

const folder = new URL('.', import.meta.url).pathname;
const options = { readable: { type: 'string' } };
/** `--readable FOLDER`: the bundles go there instead, with all names kept, for a profiler. */
const { readable } = parseArgs({ options }).values;
const dist = readable ? `${resolve(readable)}/` : `${folder}dist/`;
mkdirSync(dist, { recursive: true });
// Of an earlier build; they hold its hash.
for (const name of readdirSync(dist)) if (/^telemetry\.[0-9a-f]{12}\./.test(name)) rmSync(dist + name);

/** As the `integrity` of a script has it. */
const integrityOf = (script) => `sha256-${createHash('sha256').update(script).digest('base64')}`;

/** What members are called instead, in all parts of the page alike. */
const shortened = {};
/**
 * `wrap`: what becomes of the bundled source; `hidden`: whether a page may hide globals from it; `short`: names of members that may be
 * shorter; `compress`: further options of terser.
 */
async function bundle(
  entry,
  format,
  { integrity = '', plugins = [], hidden = false, wrap = (source) => source, short, compress } = {},
) {
  const { outputFiles, mangleCache } = await build({
    entryPoints: [folder + entry],
    bundle: true,
    minifySyntax: !readable,
    write: false,
    format,
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    legalComments: 'none',
    charset: 'utf8',
    define: { ...CONSTANTS, WORKER_INTEGRITY: JSON.stringify(integrity), ...(hidden && GLOBALS) },
    plugins,
    ...(short && !readable && { mangleProps: short, mangleCache: shortened }),
  });
  Object.assign(shortened, mangleCache);
  const source = COMPILE_AT_ONCE + wrap((hidden ? REALM : '') + outputFiles[0].text);
  if (readable) return Buffer.from(source);
  const { code } = await minify(source, {
    ecma: 2020,
    module: format === 'esm',
    compress: { passes: 5, unsafe_arrows: true, keep_fargs: false, hoist_funs: true, ...compress },
  });
  return Buffer.from(COMPILE_AT_ONCE + code);
}

/** A module's export becomes what a function returns, so that the module can be begun when somebody says so, and may fail. */
const returning = (name, source) => {
  const body = source.replace(
    new RegExp(`export\\s*{\\s*(?:([\\w$]+) as )?${name}\\s*};?\\s*$`),
    (_, local = name) => `return ${local};`,
  );
  if (body === source) throw new Error(`no export ${name}`);
  return body;
};

const worker = await bundle('src/worker/shell.ts', 'iife');
const integrity = integrityOf(worker);
/** Where the page's part cannot even begin there is an API all the same. */
const standIn = await bundle('src/page/stand_in.ts', 'iife');
const page = await bundle('src/page/main.ts', 'iife', {
  plugins: [handOver],
  hidden: true,
  short: pageNames,
  wrap: (source) => `try{${source}}catch{${standIn}}`,
});
/** A module, so that the page's part can import it; a function, so that it gets what is handed over before it begins. */
const later = (entry, name, compress) =>
  bundle(entry, 'esm', {
    short: pageNames,
    compress,
    integrity,
    plugins: [takeOver],
    hidden: true,
    wrap: (source) => `export default(handed)=>{${agreed}${returning(name, source)}}`,
  });
const late = await later('src/page/late/main.ts', 'captureLate');
// Its functions stay apart: they are alike, which gzip sees.
const replay = await later('src/page/replay/main.ts', 'startReplay', { reduce_funcs: false });
const replayWorker = await bundle('src/worker/replay/main.ts', 'esm', { short: privateNames('worker/replay/') });
const server = await bundle('src/page/server.ts', 'esm');
const esm = await bundle('src/page/index.ts', 'esm', {
  plugins: [handOver],
  hidden: true,
  short: pageNames,
});

/** All files under one hash, so that the script finds the others beside itself. */
const release = createHash('sha256')
  .update(page)
  .update(late)
  .update(worker)
  .update(replay)
  .update(replayWorker)
  .digest('hex')
  .slice(0, 12);
let failed = false;
const manifest = {};
for (const [name, script, budget] of [
  ['telemetry.js', page, PAGE_BYTES_MAX],
  ['telemetry.late.js', late, LATE_BYTES_MAX],
  ['telemetry.worker.js', worker, WORKER_BYTES_MAX],
  ['telemetry.replay.js', replay, REPLAY_BYTES_MAX],
  ['telemetry.replay.worker.js', replayWorker, REPLAY_WORKER_BYTES_MAX],
]) {
  const compressed = gzipSync(script, { level: 9 }).length;
  const over = compressed > budget;
  failed ||= over;
  const immutable = name.replace('telemetry', `telemetry.${release}`);
  for (const file of [name, immutable]) writeFileSync(dist + file, script);
  manifest[name] = { immutable, integrity: integrityOf(script), bytes: script.length, gzip_bytes: compressed };
  console.log(`${name}: ${script.length} bytes, ${compressed} gzip, budget ${budget}${over ? ': OVER BUDGET' : ''}`);
  console.log(`  ${immutable} ${manifest[name].integrity}`);
}
writeFileSync(`${dist}index.js`, esm);
writeFileSync(`${dist}server.js`, server);
writeFileSync(`${dist}manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
process.exit(failed && !readable ? 1 : 0);
