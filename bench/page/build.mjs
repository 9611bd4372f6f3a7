// The scripts of each subject: ours from web/sdk, peers bundled from node_modules as their users do.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

const WEB = new URL('../../web/', import.meta.url).pathname;
const HERE = new URL('.', import.meta.url).pathname;

/** Builds web/sdk/dist. A bundle beyond its size budget is told and measured all the same. */
export function buildSdk() {
  const started = Date.now();
  const { status } = spawnSync('node', ['build.mjs'], { cwd: `${WEB}sdk`, stdio: ['ignore', 'inherit', 'inherit'] });
  const fresh = ['telemetry.js', 'telemetry.worker.js'].every(
    (name) => statSync(`${WEB}sdk/dist/${name}`).mtimeMs >= started - 1000,
  );
  if (status !== 0 && !fresh) throw new Error('web/sdk does not build');
}

/** The same from the same entries with names kept, for profiles. Its entries stand in web/sdk/build.mjs. */
export async function buildReadableSdk() {
  const script = readFileSync(`${WEB}sdk/build.mjs`, 'utf8');
  const files = {};
  for (const name of ['telemetry', 'telemetry.worker']) {
    const entry = new RegExp(`\\b${name.replace('.', '\\.')}'?\\s*:\\s*\\[\\s*'([^']+)'`).exec(script)?.[1];
    if (!entry) throw new Error(`web/sdk/build.mjs does not say what ${name}.js is made of`);
    files[`${name}.js`] = await bundle(`${WEB}sdk/${entry}`, { minify: false });
  }
  return files;
}

/** One script of a peer, as a classic script in production mode. */
export const buildPeer = (name, options = {}) => bundle(`${HERE}peers/${name}.js`, options);

async function bundle(entry, { minify = true } = {}) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
  return Buffer.from(outputFiles[0].contents);
}
