// An answer of the SQL API without losing a digit: as its text is read, as a cell shows it, and as CSV.

const SAFE = /^-?\d{1,15}$/;

/**
 * Parses JSON; integers beyond 2^53 become their digits as text, where JSON.parse would make a near double of them.
 * Doubles are safe: the server writes the shortest number that means each of them, and decimals as text.
 */
export function parseExactly(json) {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const exact = json.replace(tokens, (token) =>
    token[0] === '"' || SAFE.test(token) || !/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token))
      ? token
      : `"${token}"`,
  );
  return JSON.parse(exact);
}

/** A value as a cell shows it; null is the caller's matter. */
export function cellText(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Columns whose values are numbers, also where they come as text. */
export function isNumeric(type) {
  return /^(U?Int|Float|Decimal)/.test(type);
}

/** Columns where a visitor's words can stand as they are. */
function isText(type) {
  return type.includes('Utf8');
}

/** Starts of a formula in a spreadsheet: such texts get an apostrophe in front. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

function field(value, text) {
  if (value === null) return '';
  const plain = cellText(value);
  return quoted(text && typeof value === 'string' && FORMULA.test(plain) ? `'${plain}` : plain);
}

function quoted(text) {
  return text !== '' && text === text.trim() && !/[",\r\n]/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

/** RFC 4180: null is empty, an empty text is `""`. */
export function csv({ columns, rows }) {
  const texts = columns.map(({ type }) => isText(type));
  const lines = [
    columns.map(({ name }) => quoted(name)),
    ...rows.map((row) => row.map((value, index) => field(value, texts[index]))),
  ];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}
