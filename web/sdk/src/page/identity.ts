/**
 * Who and which tab.
 *
 * A `tab_id` lives as long as one document, not as long as the browser's tab. Its counters (`seq`, `batch_seq`)
 * must never hand out a number twice nor skip one. Kept across page loads they would have to be written to
 * storage before each use, and a crash, a duplicated tab (which copies sessionStorage) or a page restored from
 * the back/forward cache beside its successor would still break the promise. In memory they cannot be wrong. The
 * visitor cookie ties the documents of a visit together.
 */

import type { Header } from '../shared/chunk.ts';
import { COOKIES_EVERY_MS, USER_ID_UNITS_MAX, VISITOR_COOKIE_SECONDS } from '../shared/limits.ts';
import { clean } from '../shared/text.ts';
import { uuidV7 } from '../shared/uuid.ts';
import { quietly } from './guard.ts';
import { cookiesOf, later, now, setCookie } from './natives.ts';
import { providerIds } from './provider_cookies.ts';

const COOKIE = 'ct_visitor';

export interface Identity {
  readonly tab_id: string;
  visitor(): string;
  /**
   * Call once consent is granted: takes the visitor from the cookie, or writes the new one for 13 months. Soon, or when somebody asks
   * for the visitor: cookies are another process's, for which a page that loads would have to wait.
   */
  remember(): void;
  /** Call when consent is refused, or taken back: the cookie goes. */
  forget(): void;
  /** If it is another person, `changes` is given what makes the change. */
  identify(userId: string | null, changes: (change: () => void) => void): void;
  /** `ends`: of a page that ends, which is not to wait for its cookies again. */
  joinKeys(ends?: boolean): Header['identity'];
}

/** `anonymous`: nothing is stored and no join key is read (Global Privacy Control). */
export function createIdentity(anonymous: boolean): Identity {
  let visitorId = uuidV7();
  let toRemember = false;
  let user_id: string | null = null;
  /** Whose turn it will be. */
  let next: string | null = null;
  let providers = providerIds('');
  let readAgainAt = 0;
  const write = (value: string, seconds: number) => {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    quietly(() => setCookie(`${COOKIE}=${value}; Max-Age=${seconds}; Path=/; SameSite=Lax${secure}`));
  };
  const visitor = () => {
    if (toRemember) {
      toRemember = false;
      const known = /(?:^|; )ct_visitor=([0-9a-f-]{36})/.exec(cookies())?.[1];
      if (known) visitorId = known;
      else write(visitorId, VISITOR_COOKIE_SECONDS);
    }
    return visitorId;
  };
  return {
    tab_id: uuidV7(),
    visitor,
    remember() {
      toRemember = !anonymous;
      later(visitor, 0);
    },
    forget() {
      toRemember = false;
      write('', -1);
    },
    identify(userId, changes) {
      const id = anonymous || userId == null ? null : clean(userId, USER_ID_UNITS_MAX);
      if (id === next) return;
      next = id;
      changes(() => {
        user_id = id;
      });
    },
    joinKeys(ends) {
      if (!anonymous && (ends ? !readAgainAt : now() >= readAgainAt)) {
        providers = providerIds(cookies());
        readAgainAt = now() + COOKIES_EVERY_MS;
      }
      return { user_id, ...providers };
    },
  };
}

const cookies = (): string => quietly(() => cookiesOf(document)) ?? '';
