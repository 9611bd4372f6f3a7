// Plugins of esbuild by which telemetry.late.js and telemetry.replay.js have what they import from the page's part from that part, as it is, instead of
// bundling a copy that would begin anew on a page that may have replaced the platform since (src/page/handed.ts).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const page = new URL('src/page/', import.meta.url).pathname;
const IMPORT = /^import \{([^}]*)\} from '\.\.\/([\w/]+\.ts)';/gm;

/** Of the parts that come later. */
const folders = ['late/', 'replay/'];
/** Modules of the page's part, each with the names that the later parts import from it, types aside, and who does. */
const modules = new Map();
for (const folder of folders)
  for (const file of readdirSync(page + folder))
    for (const [, names, module] of readFileSync(page + folder + file, 'utf8').matchAll(IMPORT)) {
      const known = modules.get(module) ?? new Map();
      modules.set(module, known);
      for (const name of names.split(',').map((name) => name.trim()))
        if (name && !/^type /.test(name)) known.set(name, (known.get(name) ?? new Set()).add(folder));
    }
// What both take stands before what one takes, so that neither has many places to skip.
for (const [module, names] of modules)
  modules.set(
    module,
    new Map([...names].sort(([, a], [, b]) => b.size - a.size || [...b][0].localeCompare([...a][0]))),
  );

/** What a page hides most often stands first: `BEGIN_LATER` in bundle.mjs takes it. */
const FIRST = ['URL', 'performance'];

/** Places in the list are agreed upon by this: files of two releases must not take one thing for another. */
const agreement = createHash('sha256')
  .update(JSON.stringify([FIRST, ...[...modules].map(([module, names]) => [module, ...names.keys()])]))
  .digest('hex')
  .slice(0, 8);

/** Of a part of another release: what it is handed is not what it takes it for. */
export const agreed = `if (handed[0] !== '${agreement}') throw handed;`;

/** For the page's part: the list. */
export const handOver = {
  name: 'hand over',
  setup({ onLoad }) {
    onLoad({ filter: /\/page\/handed\.ts$/ }, () => {
      const named = [...modules].map(([module, names]) => [module, [...names.keys()]]);
      const all = named.map(([module, names]) => [`import { ${names} } from './${module}';`, names]);
      const list = all.flatMap(([, names]) => names);
      const imports = all.map(([line]) => line).join('\n');
      return {
        contents: `${imports}\nexport const handed = ['${agreement}', ${[...FIRST, ...list]}];`,
        resolveDir: page,
        loader: 'js',
      };
    });
  },
};

/** For a later part, within a function of `handed`: each module's names, by their places. */
export const takeOver = {
  name: 'take over',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\.\/[^.]/ }, ({ importer, path }) => {
      const module = path.slice('../'.length);
      const pluginData = folders.find((folder) => importer.startsWith(page + folder));
      return pluginData ? { path: module, namespace: 'handed', pluginData } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'handed' }, ({ path, pluginData: folder }) => {
      let place = 0;
      for (const [module, names] of modules) {
        if (module === path) {
          const taken = [...names].map(([name, by]) => (by.has(folder) ? name : '')).join();
          const contents = `export const [${','.repeat(1 + FIRST.length + place)}${taken.replace(/,+$/, '')}] = handed;`;
          return { contents, loader: 'js' };
        }
        place += names.size;
      }
      return { errors: [{ text: `nothing is handed over of ${path}` }] };
    });
  },
};
