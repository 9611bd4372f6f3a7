// The scripts of each subject: ours from web/sdk, peers bundled from node_modules as their users do.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { BEGIN, bundle } from '../../web/sdk/bundle.mjs';

const SDK = new URL('../../web/sdk/', import.meta.url).pathname;
const HERE = new URL('.', import.meta.url).pathname;
const READABLE = `${HERE}dist/sdk/`;

/**
 * Builds the SDK; returns its files. `readable` keeps the names of functions, for profiles. A bundle beyond its size budget
 * is told, and measured all the same.
 */
export function buildSdk(readable) {
  const started = Date.now();
  const folder = readable ? READABLE : `${SDK}dist/`;
  const options = readable ? ['--readable', folder] : [];
  const { status } = spawnSync('node', ['build.mjs', ...options], { cwd: SDK, stdio: ['ignore', 'ignore', 'inherit'] });
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, folder + name]));
  const fresh = (file) => file && statSync(file).mtimeMs >= started - 1000;
  if (!fresh(files['telemetry.js'])) throw new Error('web/sdk does not build');
  if (status) console.error('web/sdk is over its size budget: see `npm --prefix web run build`');
  return files;
}

/** One script of a peer, as a classic script in production mode. */
export const buildPeer = (name, options = {}) => buildScript(`${HERE}peers/${name}.js`, options);

/** A script around our recorder as a classic one, made as the SDK's are. */
export const buildRecorder = (entry) => bundle(entry, 'iife', { begin: BEGIN });

/** Any script as a classic one, in production mode. */
export async function buildScript(entry, { minify = true } = {}) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"', WORKER_INTEGRITY: '""' },
    logLevel: 'error',
  });
  return Buffer.from(outputFiles[0].contents);
}
