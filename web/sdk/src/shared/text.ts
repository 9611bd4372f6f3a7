/** Texts that may leave: cut, safe, and without what looks like a person's data. */
import { STRING_UNITS_MAX } from './limits.ts';

/** Lone surrogates and NUL, which a strict JSON reader or a database refuses. */
const UNSAFE = /[\p{Cs}\0]/gu;
/** More than any text is cut to, with room for what is not seen in it. */
const READ_UNITS_MAX = STRING_UNITS_MAX * 4;

/** Soft hyphens, joiners and other characters that nobody sees (Unicode: Default_Ignorable_Code_Point). */
const UNSEEN = /\p{DI}/gu;
/** An account number as ISO 13616 writes it, its groups with or without blanks. */
const IBAN = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{4}){2,7}(?:[ -]?[A-Z\d]{1,3}\b)?/g;
/** The `@` may be encoded, written `(at)`, or stand apart from a host. */
const EMAIL =
  /(?<![^\s@<>"(),;:])(?:[^\s@<>"(),;:]+(?:@|\s?(?:@|[([{]at[)\]}])\s?(?=[^\s@<>"(),;:]*\.\p{L}{2}))[^\s@<>"(),;:]+|[^\s@<>"(),;:]*%(?:25)*40[^\s@<>"(),;:]+)/giu;
/** Four digits in a row, or six in groups, as of telephones, cards and dates. A comma ends a group, so most prices stay. */
const NUMBER = /\p{Nd}(?:[\s()/._·\p{Pd}\p{M}]{0,3}\p{Nd}){5,}|(?:\p{Nd}\p{M}*){4,}/gu;

/**
 * Most texts of a page: nothing in them can be masked. ASCII without what an email needs (`@`, `%`, a bracket), with at most three
 * digits, which are no start of an account number.
 */
const PLAIN = /^(?!.*[A-Z]{2}\d\d)(?:[ -$&')-/:-?A-Z\\-z|-~]*\d){0,3}[ -$&')-/:-?A-Z\\-z|-~]*$/;

/** What engines cite without quotes, or with quotes in it; the words are V8's. */
const CITED =
  /(?<=: |, )(?:\.{3})?".*"(?=(?:\.{3})? is not valid JSON)|(?<=Cannot convert |URL from |expression: |specified: ).*/gs;
/** What is quoted; an apostrophe within a word is no quote. */
const QUOTED = /(?<![\p{L}\p{Nd}])(['"`])(?!\1).+?\1(?![\p{L}\p{Nd}])/gsu;
/** Values of names that say so, as in `token=…`; the stream job knows the same. */
const SECRET =
  /((?:token|secret|passw|pwd|session|auth|api_?key|credential|signature)\w*["']?\s?[=:]\s?(?:bearer |basic )?|\b(?:bearer|basic) )[^\s,;&]+/gi;
/** Words before names of the code: `Failed to execute 'x' on 'Y'`, `(reading 'x')`. */
const NAMES_CODE =
  /\b(reading|setting|execute|construct|on|of|property|access|read|set|get|call|export|named|method|variable|module) $/i;

/** Cuts and makes safe: at most `unitsMax` UTF-16 units, no lone surrogates, no NUL. */
export function clean(text: unknown, unitsMax = STRING_UNITS_MAX): string {
  return String(text).slice(0, unitsMax).replace(UNSAFE, '\ufffd');
}

/** As a reader sees it (Unicode NFKC): a digit is a digit, be it full-width, mathematical or raised. */
const seen = (text: string) => text.normalize('NFKC').replace(UNSEEN, '');

function hide(text: string): string {
  if (PLAIN.test(text)) return text;
  return seen(text)
    .replace(IBAN, '****')
    .replace(EMAIL, '***')
    .replace(NUMBER, (run) => run.replace(/\p{Nd}+/gu, '****'));
}

/** Emails, account numbers and long numbers become asterisks. Masks before it cuts, so no half of a match stays. */
export function maskText(text: string, unitsMax = STRING_UNITS_MAX): string {
  const whole = text.slice(0, READ_UNITS_MAX).replace(/\s+/g, ' ').trim();
  if (PLAIN.test(whole)) return whole.slice(0, unitsMax);
  const hidden = hide(whole);
  return clean(hidden === seen(whole) ? whole : hidden, unitsMax);
}

/** As `maskText`, of a whole text, whose blanks and lines stay. */
export function maskInPlace(text: string): string {
  if (PLAIN.test(text.replace(/\s+/g, ' '))) return text;
  const hidden = hide(text);
  return (hidden === seen(text) ? text : hidden).replace(UNSAFE, '\ufffd');
}

/** Something of every letter stays, but none of them. */
export const stars = (text: string): string => text.replace(/\S/g, '*');

/** As `maskInPlace`, of a text that touches others; stars, where it is a part of what is masked with them. */
export function maskAmong(before: string, text: string, after: string): string {
  if (!before && !after) return maskInPlace(text);
  const apart = hide(before) + hide(text) + hide(after);
  return hide(before + text + after) === apart ? maskInPlace(text) : stars(text);
}

/** As `maskText`, of a text that touches others; nothing of it stays when it is a part of what is masked with them. */
export function maskPart(before: string, text: string, after: string, unitsMax: number): string {
  if (!before && !after) return maskText(text, unitsMax);
  const apart = hide(before) + hide(text) + hide(after);
  return hide(before + text + after) === apart ? maskText(text, unitsMax) : '***';
}

/** As `maskText`. What is quoted may be typed and goes, unless it names something of the code. */
export function maskMessage(message: string, unitsMax: number): string {
  const told = message
    .slice(0, READ_UNITS_MAX)
    .replace(CITED, '***')
    .replace(SECRET, '$1***')
    .replace(QUOTED, (found, quote: string, at: number, all: string) =>
      NAMES_CODE.test(all.slice(Math.max(0, at - 16), at)) ? found : `${quote}***${quote}`,
    );
  return maskText(told, unitsMax);
}
