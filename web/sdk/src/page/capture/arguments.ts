/** What a call was given, read only where that runs none of the page's code: the browser asks that once. */
import { quietly } from '../guard.ts';
import { getter, kind } from '../natives.ts';

const hrefOf = getter<string>(kind('URL'), 'href');

/** The address that a call was given; '' where the page's own code would have to tell it: the browser asks that once. */
export function addressOf(given: unknown): string {
  return typeof given === 'string' ? given : (quietly(() => hrefOf(given as object)) ?? '');
}

/** The method that a call was given; null as above. */
export function methodOf(given: unknown): string | null {
  return given === Object(given) ? null : String(given);
}
