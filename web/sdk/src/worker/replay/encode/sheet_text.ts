/**
 * The text of a style sheet as the rules that a browser makes of it. Only what is plain and well-formed is told apart: of anything
 * else the browser itself is asked. What a browser leaves out is left out, so that rules have the same places.
 */

/**
 * What is read as one: comments, strings, addresses; what makes a sheet one that is not read here, as what is not closed, a letter that is
 * written otherwise, so that a name is not recognised, and addresses that are strings; escapes, brackets.
 */
const TOKEN =
  /\/\*[\s\S]*?\*\/|(["'])(?:(?!\1)[^\\\n\r\f]|\\[\s\S])*\1|url\(\s*[^\s"'()\\]*\s*\)|(url\((?!\s*["'])|["']|\/\*|<!--|-->|\\(?:0*[4-7]|[a-z])|image-set)|\\[\s\S]|[{}()[\];]/gi;

/** A rule that is none, since only another browser knows what is in it. */
const NONE = /^(?:@(?:-(?!webkit-key)|charset|viewport)|[^@]*:-(?:moz|ms|o|khtml)-)/i;
/** Imports may follow on these alone. */
const EARLY = /^@(?:import|layer[^{]*$)/i;
/** Address, layer, its name and media of an import that is plain. */
export const IMPORT =
  /^@import\s*(?:url\(\s*)?(["']?)([^\s"'()\\]+)\1\s*\)?\s*(layer(?:\(([^()]*)\))?(?=[\s;]))?(?!\s*supports)([^;"']*);$/i;

/** Its rules, at the top; null: it is not plain. */
export function topRules(css: string): string[] | null {
  const rules: string[] = [];
  const open: string[] = [];
  /** Where the rule begins that is being read. */
  let start = 0;
  let early = true;
  for (const { 0: token, 2: unread, index } of css.matchAll(TOKEN)) {
    if (unread) return null;
    if ('{(['.includes(token)) open.push(token);
    else if (token.startsWith('/*')) {
      if (open.at(-1) === '[') return null;
      if (!open.length && !css.slice(start, index).trim()) start = index + token.length;
    } else if ('})]'.includes(token) && !'{}()[]'.includes(open.pop() + token)) return null;
    if (open.length || !'};'.includes(token)) continue;
    const rule = css.slice(start, index + 1).trim();
    start = index + 1;
    if (token === ';' && rule[0] !== '@') return null;
    if (NONE.test(rule.slice(0, rule.indexOf('{'))) || (!early && isImport(rule))) continue;
    early &&= EARLY.test(rule);
    rules.push(rule);
  }
  return css.slice(start).trim() ? null : rules;
}

export const isImport = (rule: string): boolean => /^@import/i.test(rule);
