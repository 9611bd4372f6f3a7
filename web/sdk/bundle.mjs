// One script of the SDK: bundled by esbuild, made small by terser. The bench builds the recorder by it too, so that it measures what ships.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { minify } from 'terser';

/**
 * Chromium compiles a script that says so whole when it is loaded, and not function by function as each is first called, in the
 * middle of the person's doing (v8.dev/blog/explicit-compile-hints).
 */
const COMPILE_AT_ONCE = '//# allFunctionsCalledOnLoad\n';

/** Constants of the platform, which no page can replace when they stand in the script, and which are shorter so. */
const CONSTANTS = {
  'Number.NaN': 'NaN',
  'Number.POSITIVE_INFINITY': 'Infinity',
  'Node.ELEMENT_NODE': '1',
  'Node.TEXT_NODE': '3',
  'Node.DOCUMENT_NODE': '9',
  'Node.DOCUMENT_TYPE_NODE': '10',
  'Node.DOCUMENT_FRAGMENT_NODE': '11',
  'NodeFilter.SHOW_TEXT': '4',
};

/**
 * What the page's modules mean by these is the window's, as they stand before a `class`, a `const` or a `let` of the page's, which
 * hide them from every script of the document, before us or after. The window and the document cannot be hidden. (Not here is what
 * nobody calls something of his own: `Math`, typed arrays.)
 */
const GLOBALS = {
  ...Object.fromEntries(
    `Array Date Function JSON Map Proxy Reflect Set WeakMap WeakRef WeakSet BroadcastChannel CharacterData
    Document DocumentFragment Element Event EventTarget HTMLInputElement HTMLTextAreaElement Headers
    Navigator Node Request Response Text XMLHttpRequest console crypto navigator screen Blob Intl ShadowRoot
    getSelection history localStorage indexedDB innerWidth innerHeight scrollX scrollY`
      .split(/\s+/)
      .map((name) => [name, `ownWindow.${name}`]),
  ),
  // As the module begins with them.
  ...{ window: 'ownWindow', document: 'ownDocument', URL: 'ownURL', performance: 'ownClock' },
  ...{ Object: 'ownObject', Number: 'ownNumber', String: 'ownString' },
};
const REALM = `const ownWindow = window, ownDocument = document,
  ownObject = ({}).constructor, ownNumber = (0).constructor, ownString = ''.constructor`;
/**
 * Begin such a module: to ask the browser for window and document costs something each time. `var URL = '/api'` and `var performance = {…}`
 * are what many a page says: most browsers have the first by its old name too, and events know the time. A later part has both from the
 * page's (`hand_over.mjs`).
 */
export const BEGIN = `${REALM}, ownURL = window.webkitURL || window.URL,
  eventTime = () => new window.UIEvent('').timeStamp,
  ownClock = window.performance?.timeOrigin ? window.performance : { now: eventTime, timeOrigin: Date.now() - eventTime(), getEntriesByType: () => [] };`;
export const BEGIN_LATER = `${REALM}, [, ownURL, ownClock] = handed;`;

/** Of campaign parameters the SDK asks whether a name is one of them, so it has one list, without those that the prefix tells. */
const campaignKeys = {
  name: 'campaign keys',
  setup({ onLoad }) {
    onLoad({ filter: /\/campaign_keys\.json$/ }, ({ path }) => {
      const { prefix, kept, columns } = JSON.parse(readFileSync(path, 'utf8'));
      const others = [...kept, ...columns.flat()].filter((name) => !name.startsWith(prefix));
      return { contents: JSON.stringify({ prefix, kept: others, columns: [] }), loader: 'json' };
    });
  },
};

/** What members are called instead, in all parts of the page alike. */
const shortened = {};

/**
 * `wrap`: what becomes of the bundled source; `begin`: `BEGIN` or the like, where a page may hide globals from it; `short`: names of members that may be
 * shorter; `readable`: with all names kept, for a profiler.
 */
export async function bundle(
  entry,
  format,
  { integrity = '', plugins = [], begin = '', wrap = (source) => source, short, readable = false } = {},
) {
  const { outputFiles, mangleCache } = await build({
    entryPoints: [entry],
    bundle: true,
    minifySyntax: !readable,
    write: false,
    format,
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    legalComments: 'none',
    charset: 'utf8',
    define: { ...CONSTANTS, WORKER_INTEGRITY: JSON.stringify(integrity), ...(begin && GLOBALS) },
    plugins: [campaignKeys, ...plugins],
    ...(short && !readable && { mangleProps: short, mangleCache: shortened }),
  });
  Object.assign(shortened, mangleCache);
  const source = COMPILE_AT_ONCE + wrap(begin + outputFiles[0].text);
  if (readable) return Buffer.from(source);
  const { code } = await minify(source, {
    ecma: 2020,
    module: format === 'esm',
    compress: { passes: 5, unsafe_arrows: true, keep_fargs: false, hoist_funs: true },
  });
  return Buffer.from(COMPILE_AT_ONCE + code);
}
