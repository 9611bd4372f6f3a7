/**
 * Style sheets that may leave: addresses lose their values as everywhere, texts of `content` their letters, and what a selector says of
 * an attribute is masked as that attribute is. Read character by character; what is no string, address, comment or `[…]` stays.
 */

/** How addresses and attributes are masked. */
export interface Masks {
  /** Of what a style draws. */
  drawn(address: string): string;
  /** `name`: of the attribute, in lower case. */
  attribute(name: string, value: string): string;
}

/** Letters and digits; signs of icon fonts are neither. */
const WORDS = /[\p{L}\p{N}]/gu;
const STRING = /(["'])(?:(?!\1)[^\\\n]|\\[\s\S])*(?:\1|$)/y;
const ADDRESS = /url\(\s*(?:"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'|([^)"']*))\s*\)/iy;
const SELECTOR =
  /\[\s*([^\s\]~|^$*=]+)\s*(?:([~|^$*]?=)\s*("(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[^\s\]]+)\s*([is]?)\s*)?\]/iy;
const COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
const ESCAPE = /\\(?:([\da-f]{1,6})\s?|([\s\S]))/gi;
/** What may stand before a string without its being shown as text. */
const NAMED =
  /(?:^|[\s/])(?:(?:src|font(?:-(?:family|(?:feature|variation)-settings))?|grid(?:-template(?:-areas)?)?|will-change)\s*:|@(?:namespace|layer|container|property|counter-style))/i;

const plainOf = (text: string): string =>
  text.replace(ESCAPE, (_, hex: string | undefined, plain: string) =>
    hex ? String.fromCodePoint(Math.min(Number.parseInt(hex, 16) || 0xfffd, 0x10ffff)) : plain === '\n' ? '' : plain,
  );
/** Of a string that may not be closed. */
const inner = (string: string): string =>
  string.slice(1, string.length > 1 && string.endsWith(string[0] as string) ? -1 : undefined);
const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\a ')}"`;

/** A whole sheet, a rule, or declarations. */
export function maskCss(css: string, masks: Masks): string {
  if (!/["'[(]|\/\*/.test(css)) return css;
  let masked = '';
  let at = 0;
  /** Where the statement began that stands here. */
  let from = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(css);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < css.length) {
    const char = css[at] as string;
    if (char === '"' || char === "'") {
      const start = at;
      const found = take(STRING);
      if (!found) {
        // A string that ends nowhere.
        masked += '""';
        break;
      }
      masked += NAMED.test(css.slice(from, start)) ? found[0] : quote(plainOf(inner(found[0])).replace(WORDS, '*'));
      continue;
    }
    if ((char === 'u' || char === 'U') && !/[\w-]/.test(css[at - 1] ?? '')) {
      const found = take(ADDRESS);
      if (found) {
        const address = plainOf(found[1] ?? found[2] ?? (found[3] as string).trim());
        masked += `url(${quote(masks.drawn(address))})`;
        continue;
      }
    }
    if (char === '[') {
      const found = take(SELECTOR);
      if (found) {
        masked += found[2] ? selector(found, masks) : found[0];
        continue;
      }
    }
    if (char === '/' && take(COMMENT)) {
      // What stands beside it does not become one.
      masked += '/**/';
      continue;
    }
    if (char === '\\') {
      masked += css.slice(at, at + 2);
      at += 2;
      continue;
    }
    if (char === '{' || char === '}' || char === ';') from = at + 1;
    masked += char;
    at++;
  }
  return masked;
}

function selector([, name = '', operator = '', value = '', flag = '']: RegExpExecArray, masks: Masks): string {
  const quoted = value[0] === '"' || value[0] === "'";
  const known = plainOf(quoted ? value.slice(1, -1) : value);
  const plain = name.slice(name.lastIndexOf('|') + 1).toLowerCase();
  return `[${name}${operator}${quote(masks.attribute(plain, known))}${flag && ` ${flag}`}]`;
}
