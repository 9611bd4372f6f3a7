/** Where the files of the pinned packages lie, and how a suite names its source. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const python = join(here, '.venv/bin/python');
// `purelib` names the interpreter's own version, so it is asked for.
const sitePackages = execFileSync(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
  encoding: 'utf8',
}).trim();

export const read = (path) => readFileSync(path, 'utf8');

/** A file of an npm package. */
export const npm = (name, path) => join(here, 'node_modules', name, path);

/** A file of a PyPI package. */
export const pypi = (path) => join(sitePackages, path);

/** The files of a folder whose name ends in `end`. */
export const files = (folder, end) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(end))
    .sort()
    .map((name) => join(folder, name));

export const npmSource = (name) => `npm ${name} ${JSON.parse(read(npm(name, 'package.json'))).version}`;

export function pypiSource(name) {
  const pinned = read(join(here, 'requirements.txt')).match(new RegExp(`^${name}==(\\S+)`, 'm'));
  return `PyPI ${name} ${pinned[1]}`;
}

/** The folder and the source of a crate: of the workspace, or of the manifest in a folder beside this file. */
export function crate(name, manifest = '.') {
  const metadata = execFileSync('cargo', ['metadata', '--locked', '--format-version', '1'], {
    cwd: join(here, manifest),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const found = JSON.parse(metadata).packages.find((one) => one.name === name);
  return { folder: dirname(found.manifest_path), source: `crate ${name} ${found.version}` };
}

/** Runs one of our Python programs, for what only Python can read, and takes its output as JSON. */
export const fromPython = (program, ...args) =>
  JSON.parse(execFileSync(python, [join(here, program), ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
