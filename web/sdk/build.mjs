// Bundles the SDK and holds it to its size budget.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

/** Largest size in bytes after gzip. The page's part takes addresses apart by the stream job's grammar, so that no secret leaves. */
const BUDGETS = { telemetry: ['src/page/main.ts', 12 * 1024], 'telemetry.worker': ['src/worker/worker.ts', 20 * 1024] };

const folder = new URL('.', import.meta.url).pathname;
mkdirSync(`${folder}dist`, { recursive: true });
let failed = false;
for (const [name, [entry, budget]] of Object.entries(BUDGETS)) {
  const outfile = `${folder}dist/${name}.js`;
  await build({
    entryPoints: [folder + entry],
    outfile,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    charset: 'utf8',
  });
  const shorter = await minify(readFileSync(outfile, 'utf8'), {
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true },
  });
  const script = Buffer.from(shorter.code);
  writeFileSync(outfile, script);
  const compressed = gzipSync(script, { level: 9 }).length;
  const over = compressed > budget;
  failed ||= over;
  console.log(`${name}.js: ${script.length} bytes, ${compressed} gzip, budget ${budget}${over ? ': OVER BUDGET' : ''}`);
}
process.exit(failed ? 1 : 0);
