import { around } from '../around.ts';
import { guarded } from '../guard.ts';

/** Runs `then` whenever a function of the page's has run, if it threw nothing. */
export function after(object: object, name: string, then: (self: object, values: unknown[]) => void): void {
  around(object, name, (run, self, values) => {
    const done = run();
    guarded(() => then(self, values));
    return done;
  });
}
