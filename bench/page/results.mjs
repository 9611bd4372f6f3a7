// The sections of pages and of recorders in bench/RESULTS.md. Other benchmarks' sections stay as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** `text` with the section `## title` replaced, or added at the end. Pure. */
export function withSection(text, title, section) {
  const start = `\n${text}`.indexOf(`\n## ${title}\n`);
  const rest = start < 0 ? '' : text.slice(start + 1);
  const next = rest.indexOf('\n## ');
  const before = (start < 0 ? text : text.slice(0, start)).trimEnd();
  const after = next < 0 ? '' : rest.slice(next + 1).trimEnd();
  return `${[before, `## ${title}\n\n${section.trim()}`, after].filter(Boolean).join('\n\n')}\n`;
}

export function heading({ command, browser, versions, method }) {
  const git = (...args) =>
    execFileSync('git', args, { cwd: new URL('.', import.meta.url).pathname })
      .toString()
      .trim();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const [{ model }] = cpus();
  return [
    `- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- commit: ${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--', '../../web') && ', with changes in web/'}`,
    `- command: \`${command}\``,
    `- machine: ${cpus().length} cores, ${model}, ${memory}, Linux ${release()}; load average ${loadavg()[0].toFixed(2)} at the end`,
    `- versions: ${browser}; ${versions.join(', ')}`,
    `- ${method}`,
  ].join('\n');
}

export function writeSection(file, title, section) {
  writeFileSync(file, withSection(existsSync(file) ? readFileSync(file, 'utf8') : '', title, section));
}
