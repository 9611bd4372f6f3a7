/**
 * The SDK reads the platform through its prototypes, at its start. Vitest's window is Node's global object and no
 * EventTarget of happy-dom: here it becomes one, and each listener is remembered, since a tracker listens for ever.
 */
type Added = [target: EventTarget, type: string, listener: EventListener, options?: object];

declare global {
  var addedListeners: Added[] | undefined;
  /** How far `performance.now` is ahead, in ms. */
  var aheadMs: number | undefined;
  /** As in a frame without an origin. */
  var cookiesRefused: boolean | undefined;
}

/** Where the document has a member from: happy-dom's window names classes below those that its document is of. */
function holderOf<T extends object>(name: string): T {
  let holder: object = Object.getPrototypeOf(document);
  while (!Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
  return holder as T;
}

if (!globalThis.addedListeners) {
  const added: Added[] = [];
  globalThis.addedListeners = added;
  const targets = holderOf<EventTarget>('addEventListener');
  const { addEventListener } = targets;
  const toWindow = window.addEventListener;
  targets.addEventListener = function (this: EventTarget, type, listener, options) {
    added.push([this, type, listener as EventListener, options as object]);
    return ((this as unknown) === window ? toWindow : addEventListener).call(this, type, listener, options);
  };
}

const realNow = performance.now.bind(performance);
performance.now = () => realNow() + (globalThis.aheadMs ?? 0);

// Tests replace timers and kinds of objects later: what zone.js would keep as the originals follows them.
for (const name of ['setTimeout', 'clearTimeout', 'setInterval'] as const)
  Object.assign(globalThis, {
    [`__zone_symbol__${name}`]: (...values: never[]) =>
      (globalThis[name] as (...values: never[]) => unknown)(...values),
  });
type Kind = { new (...values: unknown[]): object; supportedEntryTypes?: string[] };
for (const name of ['Worker', 'PerformanceObserver']) {
  const now = () => (globalThis as unknown as Record<string, Kind>)[name] as Kind;
  class Follows {
    constructor(...values: unknown[]) {
      // biome-ignore lint/correctness/noConstructorReturn: whoever makes one gets what a test put there
      return new (now())(...values) as Follows;
    }
    static get supportedEntryTypes() {
      return now().supportedEntryTypes;
    }
    postMessage(...values: unknown[]): void {
      Reflect.get(this, 'postMessage').apply(this, values);
    }
  }
  Object.assign(globalThis, { [`__zone_symbol__${name}`]: Follows });
}

const documents = holderOf<Document>('createElement');
const cookie = Object.getOwnPropertyDescriptor(documents, 'cookie');
Object.defineProperty(documents, 'cookie', {
  ...cookie,
  get(this: Document) {
    if (globalThis.cookiesRefused) throw new DOMException('sandboxed', 'SecurityError');
    return cookie?.get?.call(this);
  },
});

// Tests set what `navigator.sendBeacon` does, on the object.
Navigator.prototype.sendBeacon = function (this: Navigator, ...values) {
  const own = Object.getOwnPropertyDescriptor(this, 'sendBeacon');
  return own ? own.value.apply(this, values) : true;
};

/** Takes all listeners away that were added since the last call. */
export function removeListeners(): void {
  for (const [target, type, listener, options] of globalThis.addedListeners?.splice(0) ?? [])
    target.removeEventListener(type, listener, options);
}

// Happy-dom's own looks for the document of a document.
Object.defineProperty(holderOf('nodeType'), 'baseURI', { configurable: true, get: () => location.href });
