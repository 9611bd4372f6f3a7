/**
 * Makes dist/ from the pinned packages. Every file in make/ may export `lists` (embedded by the build) and `suites`
 * (read by tests only): objects of functions, each of which gives the content of dist/NAME.json or
 * dist/suites/NAME.json. With --embedded the suites are left out.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;

async function write(kind, folder) {
  rmSync(join(folder, '.complete'), { force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(join(here, 'make')).sort()) {
    const { [kind]: made = {} } = await import(join(here, 'make', file));
    for (const [name, make] of Object.entries(made)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(make()));
  }
  // setup.sh looks whether it is newer than everything that dist/ is made from
  writeFileSync(join(folder, '.complete'), '');
}

await write('lists', join(here, 'dist'));
if (!process.argv.includes('--embedded')) await write('suites', join(here, 'dist/suites'));
