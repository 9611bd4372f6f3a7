// Bundles the player and the page around it, and copies their pages.
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const folder = new URL('.', import.meta.url).pathname;

// With these options rrweb shows a recording where its scripts would run.
for (const name of ['src', 'page'].flatMap((part) =>
  readdirSync(`${folder}${part}`).map((file) => `${part}/${file}`),
)) {
  const named = /\bUNSAFE_\w+/.exec(readFileSync(`${folder}${name}`, 'utf8'));
  if (named) throw new Error(`player/${name} names ${named[0]}: a recording must not run`);
}

rmSync(`${folder}dist`, { recursive: true, force: true });
cpSync(`${folder}public`, `${folder}dist`, { recursive: true });
cpSync(`${folder}policy.txt`, `${folder}dist/policy.txt`);
await build({
  entryPoints: {
    'player/player': `${folder}src/main.ts`,
    'replay/replay': `${folder}page/main.ts`,
    'replay/worker': `${folder}page/worker.ts`,
  },
  outdir: `${folder}dist`,
  bundle: true,
  minify: true,
  // Opened as a file, a page may not have modules.
  format: 'iife',
  target: 'es2022',
  legalComments: 'linked',
});
console.log('player: dist is ready');
