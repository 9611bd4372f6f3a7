// Bundles the player and copies its page.
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';

const folder = new URL('.', import.meta.url).pathname;

// With these options rrweb shows a recording where its scripts would run.
for (const name of readdirSync(`${folder}src`)) {
  const named = /\bUNSAFE_\w+/.exec(readFileSync(`${folder}src/${name}`, 'utf8'));
  if (named) throw new Error(`player/src/${name} names ${named[0]}: a recording must not run`);
}

cpSync(`${folder}public`, `${folder}dist`, { recursive: true });
cpSync(`${folder}policy.txt`, `${folder}dist/policy.txt`);
await build({
  entryPoints: { player: `${folder}src/main.ts` },
  outdir: `${folder}dist`,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'linked',
});
console.log('player: dist is ready');
