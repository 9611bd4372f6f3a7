// Plugins of esbuild by which telemetry.late.js and telemetry.replay.js have what they import from the page's part from that part, as it is, instead of
// bundling a copy that would begin anew on a page that may have replaced the platform since (src/page/handed.ts).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const page = new URL('src/page/', import.meta.url).pathname;
const IMPORT = /^import \{([^}]*)\} from '\.\.\/([\w/]+\.ts)';/gm;

/** Of the parts that come later. */
const folders = ['late/', 'replay/'];
/** What they import from the page's part, types aside: each name with its module and with who does. */
const names = new Map();
for (const folder of folders)
  for (const file of readdirSync(page + folder))
    for (const [, imported, module] of readFileSync(page + folder + file, 'utf8').matchAll(IMPORT))
      for (const name of imported.split(',').map((name) => name.trim()))
        if (name && !/^type /.test(name)) {
          const known = names.get(name) ?? { module, by: new Set() };
          if (known.module !== module)
            throw new Error(
              `${name} is of ${known.module} and of ${module}: handed over by its name, it must be of one`,
            );
          names.set(name, known);
          known.by.add(folder);
        }
// What both take stands before what one takes, so that neither has many places to skip; else by name.
const listed = [...names].sort(
  ([name, a], [other, b]) =>
    b.by.size - a.by.size || [...b.by][0].localeCompare([...a.by][0]) || name.localeCompare(other),
);

/** What a page hides most often stands first: `BEGIN_LATER` in bundle.mjs takes it. */
const FIRST = ['URL', 'performance'];

/** Places in the list are agreed upon by this: files of two releases must not take one thing for another. */
const agreement = createHash('sha256')
  .update(JSON.stringify([FIRST, listed.map(([name, { module }]) => [name, module])]))
  .digest('hex')
  .slice(0, 8);

/** Of a part of another release: what it is handed is not what it takes it for. */
export const agreed = `if (handed[0] !== '${agreement}') throw handed;`;

/** For the page's part: the list. */
export const handOver = {
  name: 'hand over',
  setup({ onLoad }) {
    onLoad({ filter: /\/page\/handed\.ts$/ }, () => {
      const imports = listed.map(([name, { module }]) => `import { ${name} } from './${module}';`).join('\n');
      const list = listed.map(([name]) => name);
      return {
        contents: `${imports}\nexport const handed = ['${agreement}', ${[...FIRST, ...list]}];`,
        resolveDir: page,
        loader: 'js',
      };
    });
  },
};

/** For a later part, within a function of `handed`: all that it takes, by the places. */
export const takeOver = {
  name: 'take over',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\.\/[^.]/ }, ({ importer }) => {
      const folder = folders.find((folder) => importer.startsWith(page + folder));
      return folder ? { path: folder, namespace: 'handed' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'handed' }, ({ path: folder }) => {
      const taken = listed.map(([name, { by }]) => (by.has(folder) ? name : '')).join();
      const contents = `export const [${','.repeat(1 + FIRST.length)}${taken.replace(/,+$/, '')}] = handed;`;
      return { contents, loader: 'js' };
    });
  },
};
