// Bundles the pages of frameworks, into a folder of the run.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { compile, compileModule } from 'svelte/compiler';

const folder = new URL('pages/', import.meta.url).pathname;
const ENTRIES = [
  'react.jsx',
  'preact.jsx',
  'lit.js',
  'vue.js',
  'svelte.js',
  'jquery.js',
  'angular.js',
  'codemirror.js',
  'prosemirror.js',
];

const svelte = {
  name: 'svelte',
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte(\.js)?$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const options = { filename: path, generate: 'client' };
      const { js } = path.endsWith('.js') ? compileModule(source, options) : compile(source, options);
      return { contents: js.code, loader: 'js' };
    });
  },
};

/** Returns pairs of path and content. */
export async function bundlePages(outdir) {
  await build({
    entryPoints: ENTRIES.map((entry) => join(folder, entry)),
    outdir,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    conditions: ['browser'],
    logLevel: 'warning',
    plugins: [svelte],
  });
  const names = ENTRIES.map((entry) => entry.replace(/\.jsx?$/, '.js'));
  return Promise.all(names.map(async (name) => [`/${name}`, await readFile(join(outdir, name))]));
}
