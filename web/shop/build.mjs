// Bundles the shop's scripts and copies its pages.
import { cpSync } from 'node:fs';
import { build } from 'esbuild';

const folder = new URL('.', import.meta.url).pathname;
cpSync(`${folder}public`, `${folder}dist`, { recursive: true });
await build({
  entryPoints: ['boot', 'list', 'box', 'checkout'].map((name) => `${folder}src/${name}.ts`),
  outdir: `${folder}dist`,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
});
console.log('shop: dist is ready');
