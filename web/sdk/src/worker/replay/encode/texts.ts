/** Texts of the page as they may leave. */
import { INLINE } from '../../../shared/inline.ts';
import { maskAmong, stars } from '../../../shared/text.ts';
import type { Noted } from './mirror.ts';
import { isWithinPersonal } from './personal.ts';

/** What touches a text, in UTF-16 units, and how many nodes are looked at for it. */
const AROUND_UNITS = 64;
const STEPS_MAX = 16;
const BLANK = /^\s*$/;

export function shownText(node: Noted, choices: ReadonlySet<string>): string {
  if (BLANK.test(node.text)) return node.text;
  if (isWithinPersonal(node, choices)) return stars(node.text);
  return maskAmong(touching(node, 'before'), node.text, touching(node, 'after'));
}

/** The text that goes on from a node on its line, at that side. */
function touching(node: Noted, side: 'before' | 'after'): string {
  let text = '';
  let from: Noted = node;
  for (let steps = 0; steps < STEPS_MAX && text.length < AROUND_UNITS; steps++) {
    const next = step(from, side);
    if (!next) break;
    from = next;
    if (from.kind !== 'text') continue;
    text = side === 'after' ? text + from.text.slice(0, AROUND_UNITS) : from.text.slice(-AROUND_UNITS) + text;
    if (/\s/.test(side === 'after' ? text.slice(-1) : text.slice(0, 1)) && /\S/.test(text)) break;
  }
  return text;
}

/** The next node of the line; null: it ends there. */
function step(from: Noted, side: 'before' | 'after'): Noted | null {
  const inner = from.kind === 'element' && INLINE.test(from.text) ? (side === 'after' ? from.first : from.last) : null;
  if (inner) return isInline(inner) ? inner : null;
  for (let up: Noted | null = from; up; up = up.parent) {
    const next: Noted | null = up[side];
    if (next) return isInline(next) ? next : null;
    if (up.parent?.kind !== 'element' || !INLINE.test(up.parent.text)) return null;
  }
  return null;
}

const isInline = ({ kind, text }: Noted): boolean => kind === 'text' || (kind === 'element' && INLINE.test(text));
