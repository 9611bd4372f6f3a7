/**
 * Rewrites the negative look-arounds of a pattern into plain alternatives, so that an automaton without backtracking can
 * match it in linear time. Exact for what the lists use: look-arounds over plain words, asked whether they match at all.
 */

/** What may stand in a look-around here: words separated by bars, brackets around them allowed. */
function words(body) {
  const plain = body.replace(/^\(\?:(.*)\)$/, '$1');
  if (/[\\()[\]{}.*+?^$]/.test(plain)) throw new Error(`no list of plain words: ${body}`);
  return plain.split('|');
}

/** Brackets around a single letter, negated. */
const others = (letters) => `[^${[...letters].map((letter) => (/[\\\]^-]/.test(letter) ? `\\${letter}` : letter)).join('')}]`;
const escaped = (letter) => letter.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');

/** What follows (`ahead`) or precedes a place where none of the words does, letter by letter away from it. */
function none(list, ahead) {
  if (list.includes('')) throw new Error('the look-around excludes everything');
  const edge = ahead ? '$' : '^';
  const first = (word) => (ahead ? word[0] : word.at(-1));
  const rest = (word) => (ahead ? word.slice(1) : word.slice(0, -1));
  const letters = [...new Set(list.map(first))];
  const branches = letters
    .map((letter) => [letter, list.filter((word) => first(word) === letter).map(rest)])
    .filter(([, rests]) => !rests.includes(''))
    .map(([letter, rests]) => (ahead ? escaped(letter) + none(rests, ahead) : none(rests, ahead) + escaped(letter)));
  return `(?:${[edge, others(letters), ...branches].join('|')})`;
}

/** A look-around is taken at the pattern's ends only: elsewhere the letter that it looks at would be consumed. */
export function withoutLookaround(pattern) {
  const plain = pattern
    .replace(/^\(\?<!((?:\(\?:[^()]*\)|[^()])*)\)/, (_, body) => none(words(body), false))
    .replace(/\(\?!((?:\(\?:[^()]*\)|[^()])*)\)$/, (_, body) => none(words(body), true));
  if (/\(\?<?[=!]/.test(plain)) throw new Error(`a look-around is left: ${pattern}`);
  return plain;
}
