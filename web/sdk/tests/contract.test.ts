import { describe, expect, test } from 'vitest';
import { EVENT_TYPES, examples, wrongWith } from './contract.ts';

describe('the examples of the contract', () => {
  test('there is a good and a bad one for each of the 34 event types', () => {
    expect(EVENT_TYPES).toHaveLength(34);
    for (const kind of ['good', 'bad'] as const)
      expect(examples(kind).map(([type]) => type)).toEqual(expect.arrayContaining(EVENT_TYPES));
  });

  test.each(examples('good'))('good: %s', (_, batch) => {
    expect(wrongWith(batch)).toBeNull();
  });

  test.each(examples('ignored'))('ignored by the collector, and never sent by us: %s', (_, batch) => {
    expect(wrongWith(batch)).not.toBeNull();
  });

  test.each(examples('bad'))('bad: %s', (_, batch) => {
    expect(wrongWith(batch)).not.toBeNull();
  });
});
