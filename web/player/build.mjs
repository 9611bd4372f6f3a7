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

/**
 * Nodes that the player cannot put anywhere yet wait in a list, which it goes through again and again for half a second (rrweb 2.1.6):
 * a recording of a few thousand lines would hold a tab for as many half seconds. Where a round leaves the list no shorter, no other will.
 */
const LOOP = 'while (legacy_queue.length) {';
const BOUNDED = `for (let left = Infinity; legacy_queue.length && legacy_queue.length < left; ) {
      left = legacy_queue.length;`;
const boundedRounds = {
  name: 'bounded rounds',
  setup({ onLoad }) {
    onLoad({ filter: /@rrweb\/replay\/dist\/replay\.js$/ }, ({ path }) => {
      const parts = readFileSync(path, 'utf8').split(LOOP);
      if (parts.length !== 2)
        throw new Error(`${path}: the loop must occur exactly once, not ${parts.length - 1} times`);
      return { contents: parts.join(BOUNDED) };
    });
  },
};

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
  plugins: [boundedRounds],
});
console.log('player: dist is ready');
