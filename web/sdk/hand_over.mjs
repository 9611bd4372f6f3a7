// Plugins of esbuild by which telemetry.late.js and telemetry.replay.js have what they import from the page's part from that part, as it is, instead of
// bundling a copy that would begin anew on a page that may have replaced the platform since (src/page/handed.ts).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const page = new URL('src/page/', import.meta.url).pathname;
const IMPORT = /^import \{([^}]*)\} from '\.\.\/([\w/]+\.ts)';/gm;

/** Of the parts that come later. */
const folders = ['late/', 'replay/'];
const files = folders.flatMap((folder) => readdirSync(page + folder).map((file) => folder + file));

/** Modules of the page's part, each with the names that the later parts import from it, types aside. */
const modules = new Map();
for (const file of files)
  for (const [, names, module] of readFileSync(page + file, 'utf8').matchAll(IMPORT)) {
    const values = names.split(',').map((name) => name.trim());
    const known = modules.get(module) ?? [];
    modules.set(module, known.concat(values.filter((name) => name && !/^type /.test(name) && !known.includes(name))));
  }

/** Places in the list are agreed upon by this: files of two releases must not take one thing for another. */
const agreement = createHash('sha256')
  .update(JSON.stringify([...modules]))
  .digest('hex')
  .slice(0, 8);

/** For the page's part: the list. */
export const handOver = {
  name: 'hand over',
  setup({ onLoad }) {
    onLoad({ filter: /\/page\/handed\.ts$/ }, () => {
      const all = [...modules].map(([module, names]) => [`import { ${names} } from './${module}';`, names]);
      const list = all.flatMap(([, names]) => names);
      const imports = all.map(([line]) => line).join('\n');
      return {
        contents: `${imports}\nexport const handed = ['${agreement}', ${list}];`,
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
      const later = folders.some((folder) => importer.startsWith(page + folder));
      return later ? { path: module, namespace: 'handed' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'handed' }, ({ path }) => {
      let place = 0;
      for (const [module, names] of modules) {
        if (module === path) {
          const lines = names.map((name, n) => `export const ${name} = handed[${place + n + 1}];`);
          return { contents: `if (handed[0] !== '${agreement}') throw handed;\n${lines.join('\n')}`, loader: 'js' };
        }
        place += names.length;
      }
      return { errors: [{ text: `nothing is handed over of ${path}` }] };
    });
  },
};
