// Medians and how they are written. No I/O.

/** Null of no values: what was not measured is not 0. */
export function median(values) {
  const sorted = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
  if (!sorted.length) return null;
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** With a comma between thousands; a dash for what was not measured. */
export function figure(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const text = (Math.abs(value) < 0.5 / 10 ** digits ? 0 : value).toFixed(digits);
  const [whole, rest] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest ? `${grouped}.${rest}` : grouped;
}

/** Null where the divisor is nothing, or noise: a ratio to it would say nothing. */
export function ratio(value, to, least = 0) {
  return value === null || to === null || to <= least ? null : value / to;
}

/** A table of Markdown; the first column is text, the others are figures. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i ? '--:' : '---'))), ...rows.map(line)].join('\n');
}
