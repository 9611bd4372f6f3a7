/** Texts that may leave: cut, safe, and without what looks like a person's data. */
import { STRING_UNITS_MAX } from './limits.ts';

const EMAIL = /[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+/g;
const DIGITS = /\p{Nd}{4,}/gu;
/** Lone surrogates and NUL, which a strict JSON reader or a database refuses. */
const UNSAFE = /[\p{Cs}\0]/gu;

/** Cuts and makes safe: at most `unitsMax` UTF-16 units, no lone surrogates, no NUL. */
export function clean(text: unknown, unitsMax = STRING_UNITS_MAX): string {
  return String(text).slice(0, unitsMax).replace(UNSAFE, '\ufffd');
}

/** Emails and runs of four or more digits become asterisks. Masks before it cuts, so no half of a match stays. */
export function maskText(text: string, unitsMax = STRING_UNITS_MAX): string {
  const head = text
    .slice(0, unitsMax + 256)
    .replace(/\s+/g, ' ')
    .trim();
  return clean(head.replace(EMAIL, '***').replace(DIGITS, '****'), unitsMax);
}
