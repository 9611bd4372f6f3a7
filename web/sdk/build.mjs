// Bundles the SDK, holds it to its size budget, and says how each file can be named and checked.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BEGIN, BEGIN_LATER, bundle as bundleScript } from './bundle.mjs';
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

/** `entry`: in this folder. The rest as `bundle.mjs` has it. */
const bundle = (entry, format, options) => bundleScript(folder + entry, format, { ...options, readable });

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
/** Where the page's part cannot even begin there is an API all the same. That stands before it, and what both need with it. */
const standIn = await bundleScript(`${folder}src/page/stand_in.ts`, 'esm', { readable: true });
const fromStandIn = {
  name: 'from the stand-in',
  setup({ onLoad }) {
    for (const [file, name] of [
      [/\/page\/idle_api\.ts$/, 'IDLE'],
      [/\/page\/offer\.ts$/, 'offer'],
    ])
      onLoad({ filter: file }, () => ({ contents: `export const { ${name} } = standIn;` }));
  },
};
const page = await bundle('src/page/main.ts', 'iife', {
  plugins: [handOver, fromStandIn],
  begin: BEGIN,
  short: pageNames,
  wrap: (source) =>
    `{const standIn=(()=>{${returning('standIn', `${standIn}`)}})();
    try{${source}}catch{try{standIn.offer(()=>standIn.IDLE)}catch{}}}`,
});
/** A module, so that the page's part can import it; a function, so that it gets what is handed over before it begins. */
const later = (entry, name) =>
  bundle(entry, 'esm', {
    short: pageNames,
    integrity,
    plugins: [takeOver],
    begin: BEGIN_LATER,
    wrap: (source) => `export default(handed)=>{${agreed}${returning(name, source)}}`,
  });
const late = await later('src/page/late/main.ts', 'captureLate');
const replay = await later('src/page/replay/main.ts', 'startReplay');
const replayWorker = await bundle('src/worker/replay/main.ts', 'esm', { short: privateNames('worker/replay/') });
const server = await bundle('src/page/server.ts', 'esm');
const esm = await bundle('src/page/index.ts', 'esm', {
  plugins: [handOver],
  begin: BEGIN,
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
