/** Other pages without a load, in browsers without the Navigation API: older ones of Firefox and Safari. */
import { around } from '../around.ts';
import { guarded } from '../guard.ts';
import type { On } from '../listeners.ts';

export function watchHistory(on: On, went: (back: boolean) => void): void {
  for (const name of ['pushState', 'replaceState'])
    around(history, name, (run) => {
      const result = run();
      guarded(() => went(false));
      return result;
    });
  // Following a link to a hash is told in the same way, but without a state.
  on<PopStateEvent>(window, 'popstate', ({ state }) => went(state !== null));
  on(window, 'hashchange', () => went(false));
  went(false);
}
