/** What a page leaves in `localStorage` as it ends is a `storage` event in other tabs: the page's own listeners there would not have it without us. */
import { TAIL } from '../../shared/messages.ts';
import { on } from '../natives.ts';

export function hideTails(): void {
  on(window, 'storage', (event) => {
    if ((event as StorageEvent).key?.startsWith(TAIL)) event.stopImmediatePropagation();
  });
}
