// Names of members that the build may shorten (esbuild's `mangleProps`), since nobody else can mean them: they are not the
// platform's, no other part of the SDK has them, and they stand in no message and no JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const source = new URL('src/', import.meta.url).pathname;
const files = readdirSync(source, { recursive: true }).filter((file) => file.endsWith('.ts'));
const PRIVATE = /\bprivate (?:readonly |async )*(\w+)/g;
const MEMBER = /^ {2}(?:private |readonly |async )*(\w+)\??(?=[(:<]| =)/gm;
/** What a module's function makes, and a member of it. */
const MADE = /^ {2}return \{\n.*?^ {2}\};/gms;
const OF_MADE = /^ {4}(?:async )?(\w+)(?=[,(:])/gm;

const COMMENT = /\/\*.*?\*\/|\/\/[^\n]*/gs;

/** Of the browser and the language (without the script host's, which is none of these). */
const require = createRequire(import.meta.url);
const compiler = require.resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`);
const libraries = `${dirname(compiler)}/lib/`;
const platform = new Set(
  readdirSync(libraries)
    .filter((file) => /^lib\.(?!scripthost).*\.d\.ts$/.test(file))
    .flatMap((file) =>
      readFileSync(libraries + file, 'utf8')
        .replace(COMMENT, ' ')
        .match(/\w+/g),
    ),
);

/** Of browsers, though the libraries of the language do not have them yet. */
for (const name of ['activationStart', 'blockingDuration']) platform.add(name);

const withoutWords = (text) => text.replace(/\/\*.*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'/gs, ' ');
const withoutPrivate = (text) =>
  text
    .replace(/\{[^{}]*\} = this;/g, ' ')
    .replace(PRIVATE, ' ')
    .replace(/\bthis\.\w+/g, ' ');
const textOf = new Map(files.map((file) => [file, withoutWords(readFileSync(source + file, 'utf8'))]));

/** A pattern of the names that `declared` finds in `mine` and that no member of `others` may have. */
function pattern(mine, declared, others) {
  const own = mine.map((file) => textOf.get(file));
  const names = new Set(own.flatMap((text) => declared(text)));
  const isTheirs = (name) => {
    const member = new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\s*[,}]|\\b${name}\\??:|^ +${name}\\(`, 'm');
    return platform.has(name) || others.some((text) => member.test(text));
  };
  return new RegExp(`^(?:${[...names].filter((name) => !isTheirs(name)).join('|')})$`);
}

const below = (folder) => files.filter((file) => file.startsWith(folder));

const namesIn = (text, declaration) => [...text.matchAll(declaration)].map(([, name]) => name);
const privatesOf = (text) => namesIn(text, PRIVATE);
const membersOf = (text) => [
  ...namesIn(text, MEMBER),
  ...(text.match(MADE) ?? []).flatMap((made) => namesIn(made, OF_MADE)),
];

/** What is declared private, for a folder whose objects become JSON. */
export const privateNames = (folder) => pattern(below(folder), privatesOf, [...textOf.values()].map(withoutPrivate));

/**
 * All members of the page's modules, but for those that its worker, or who calls the API, knows by the same names: what goes to a worker
 * or comes from one is declared in `shared/`, so a name that both have by chance may be shorter.
 */
const isPage = (file) => file.startsWith('page/') && !/\/(api|index)\.ts$/.test(file);
export const pageNames = pattern(
  files.filter(isPage),
  membersOf,
  files.filter((file) => !isPage(file) && !file.startsWith('worker/')).map((file) => textOf.get(file)),
);
