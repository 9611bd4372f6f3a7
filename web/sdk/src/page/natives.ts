/**
 * The platform as it was when this script began, read through the prototypes: a page may name a field `id` or `closest`,
 * which hides the form's own, may replace a function, or may patch timers to follow them (zone.js, which keeps the
 * originals under its own names).
 *
 * What the browser is to call goes through here too, so that nothing of ours can throw into the page.
 */
import { failed } from './guard.ts';

type Method = (this: never, ...values: never[]) => unknown;

export const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** A method, or a getter, as a function of its object. */
export function method<T extends Method>(of: T): (self: object, ...values: Parameters<T>) => ReturnType<T> {
  return Function.prototype.call.bind(of) as never;
}

const anObject = Object.prototype;
export const hasOwn = method(anObject.hasOwnProperty);
/** `[object Array]`; of what a page's own code gave another name, that. */
export const tagOf = method(anObject.toString);

/** What an object has a member from: itself, or a prototype. */
export function holderOf<T extends object>(object: T, name: string): T {
  let holder: T | null = object;
  while (holder && !hasOwn(holder, name)) holder = getPrototypeOf(holder);
  return holder ?? object;
}

export function getter<T>(prototype: object, name: string): (self: object) => T {
  const own = getOwnPropertyDescriptor(holderOf(prototype, name), name)?.get;
  return (own ? method(own as Method) : (self: object) => (self as Record<string, unknown>)[name]) as (
    self: object,
  ) => T;
}

/** What zone.js replaced in `holder`, or what is there. */
export function original<T>(holder: object, name: string): T {
  const patched = (holder as Record<string, unknown>)[`__zone_symbol__${name}`];
  return (typeof patched === 'function' ? patched : (holder as Record<string, unknown>)[name]) as T;
}

/** What instances of a kind have, by its name; nothing where the page calls something else so: then each is asked itself. */
export const kind = <T extends object>(name: string): T =>
  (window as unknown as Record<string, { prototype?: T } | null>)[name]?.prototype ?? ({} as T);

// Not by their names, which the page may have given to something of its own.
const documents = holderOf(getPrototypeOf(document) as Document, 'createElement');
export const rootElement = getter<Element>(documents, 'documentElement');
/** What the window scrolls: the root, or in old pages the body; null where that scrolls by itself. */
export const scrollingElement = getter<Element | null>(documents, 'scrollingElement');
const node = holderOf<Node>(documents, 'nodeType');
const element = holderOf(getPrototypeOf(rootElement(document)) as Element, 'getAttribute');

export const attribute = method(element.getAttribute);
export const hasAttribute = method(element.hasAttribute);
export const closest = method(element.closest) as (self: object, selectors: string) => Element | null;
export const matches = method(element.matches) as (self: object, selectors: string) => boolean;
export const idOf = getter<string>(element, 'id');
export const localName = getter<string>(element, 'localName');
export const hasCapture = method(element.hasPointerCapture);
export const shadowRootOf = getter<ShadowRoot | null>(element, 'shadowRoot');
export const previousElement = getter<Element | null>(element, 'previousElementSibling');
export const isConnected = getter<boolean>(node, 'isConnected');
export const nodeType = getter<number>(node, 'nodeType');
export const parentElement = getter<Element | null>(node, 'parentElement');
export const firstChild = getter<Node | null>(node, 'firstChild');
export const nextSibling = getter<Node | null>(node, 'nextSibling');
// By kinds whose names no page has for something of its own: what they have is of those above them too.
const texts = kind<CharacterData>('ProcessingInstruction');
/** UTF-16 units of a text node. */
export const unitsOf = getter<number>(texts, 'length');
export const substring = method(texts.substringData);
/** The first units of a text node: what a page holds in one may be megabytes. */
export const headOf = (text: Node, units: number): string => substring(text, 0, units);
export const treeWalker = method(documents.createTreeWalker);
/** The slot of an open shadow tree in which an element or a text is shown. */
export const slotOf = getter<Element | null>(element, 'assignedSlot');
export const textSlotOf = getter<Element | null>(kind('Text'), 'assignedSlot');
export const contains = method(node.contains) as (self: object, other: Node) => boolean;
export const rootOf = method(node.getRootNode) as (self: object) => Node;
export const scrollLeftOf = getter<number>(element, 'scrollLeft');
export const scrollTopOf = getter<number>(element, 'scrollTop');
export const baseOf = getter<string>(node, 'baseURI');
export const referrerOf = getter<string>(documents, 'referrer');
export const readyStateOf = getter<DocumentReadyState>(documents, 'readyState');
export const visibilityOf = getter<DocumentVisibilityState>(documents, 'visibilityState');
/** Drawn before anybody asked for it (speculation rules): not seen, and perhaps never. */
export const prerendering = getter<boolean | undefined>(documents, 'prerendering');
export const atPoint = method(documents.elementFromPoint);
export const byIdInDocument = method(documents.getElementById);
const tree = kind<DocumentFragment>('ShadowRoot');
export const byIdInTree = method(tree.getElementById);
const byName = method(documents.getElementsByName);
/** Those of a name, or all by `*`. */
export const byTag = method(documents.getElementsByTagName);
const allInTree = method(tree.querySelectorAll);
/** The inputs of a tree, or those of a name; the browser keeps both lists of a document while nothing changes. */
export function inputsIn(root: Node, name?: string): ArrayLike<Element> {
  const type = nodeType(root);
  if (type === Node.DOCUMENT_NODE) return name === undefined ? byTag(root, 'input') : byName(root, name);
  return type === Node.DOCUMENT_FRAGMENT_NODE ? allInTree(root, 'input') : [];
}
const inputValue = getter<string>(kind('HTMLInputElement'), 'value');
const areaValue = getter<string>(kind('HTMLTextAreaElement'), 'value');
/** What a field holds; undefined for what is no field of text. */
export function typedIn(field: Element): string | undefined {
  const tag = localName(field);
  return tag === 'input' ? inputValue(field) : tag === 'textarea' ? areaValue(field) : undefined;
}
/** Milliseconds since the document began. */
const events = kind<Event>('UIEvent');
export const timeOf = getter<number>(events, 'timeStamp');
export const targetOf = getter<EventTarget | null>(events, 'target');
export const composedPath = method(events.composedPath);

const listen = method(
  original<EventTarget['addEventListener']>(holderOf(node, 'addEventListener'), 'addEventListener'),
);

/** As `run`, which the browser is to call: what fails in it is kept inside. */
function careful<T>(run: (given: T) => void): (given: T) => void {
  return (given) => {
    try {
      run(given);
    } catch {
      failed();
    }
  };
}

/** What listens to the document and its window as long as the page lives: `document.open()` ends it, and then each of these begins it anew. */
export const lasting: (() => void)[] = [];

/** Listens without ever holding the page up, before the page's own listeners; `listener` never throws. */
export function hear(target: EventTarget, type: string, listener: (event: Event) => void, once = false): void {
  const begin = () =>
    // Nothing that a page gave all objects is one of its options.
    listen(target, type, listener, { __proto__: null, capture: true, passive: true, once } as AddEventListenerOptions);
  begin();
  if (!once && (target === window || target === document)) lasting.push(begin);
}

/** As `hear`, but what `listener` throws is kept inside. */
export const on = (target: EventTarget, type: string, listener: (event: Event) => void): void =>
  hear(target, type, careful(listener));

/** What listens as `on` does, for the next time only; to call it again before that changes nothing. */
export function listenOnce(target: EventTarget, type: string, listener: (event: Event) => void): () => void {
  const kept = careful(listener);
  return () => hear(target, type, kept, true);
}

/** As `on`, for what happens at `target` itself and not within it; the listener may prevent what the browser does then. */
export function onItself(target: EventTarget, type: string, listener: (event: Event) => void): void {
  listen(target, type, careful(listener));
}

/** A function of the window. */
const own = <T extends Method>(name: string) => method(original<T>(window, name));
const timer = own<typeof setTimeout>('setTimeout');
const untimer = own<typeof clearTimeout>('clearTimeout');
const frame = own<typeof requestAnimationFrame>('requestAnimationFrame');
const idleNow = original<typeof requestIdleCallback | undefined>(window, 'requestIdleCallback');
const idle = idleNow && method(idleNow);

export const later = (run: () => void, ms: number): number =>
  timer(window, careful(run) as () => void, ms) as unknown as number;
export const notLater = (id: number): void => untimer(window, id);
export const atFrame = (run: () => void): number => frame(window, careful(run));

/** Runs when the page has nothing to do, at the latest after `ms`. Not every browser knows idle moments. */
export function whenIdle(run: (deadline?: IdleDeadline) => void, ms: number): void {
  if (idle) idle(window, careful(run), { timeout: ms });
  else later(run, 1);
}

/** Undefined where the browser has none, or the page something of its own by that name. */
const theirs = original<EventTarget | undefined>(window, 'navigation');
export const navigation = tagOf(theirs as object) === '[object Navigation]' ? theirs : undefined;

type Observer<T> = new (seen: (list: T) => void) => unknown;

/** Makes observers of a kind whose callbacks are kept inside; undefined where the browser does not have it. */
function observers<Made extends { observe: unknown }, T>(name: string): (seen: (list: T) => void) => Made | undefined {
  const Kind = original<Observer<T> | undefined>(window, name);
  return (seen) => (typeof Kind === 'function' ? (new Kind(careful(seen)) as Made) : undefined);
}
export const observeChanges = observers<MutationObserver, MutationRecord[]>('MutationObserver');
export const observePlaces = observers<IntersectionObserver, IntersectionObserverEntry[]>('IntersectionObserver');
export const observeTimings = observers<PerformanceObserver, PerformanceObserverEntryList>('PerformanceObserver');
export const Timings = original<typeof PerformanceObserver | undefined>(window, 'PerformanceObserver');

export const now = performance.now.bind(performance);
/** Of this document, epoch ms. */
export const ORIGIN = performance.timeOrigin;

const running = getter<HTMLScriptElement | null>(documents, 'currentScript');
/** The script element that is ours; that of a module is found by its attribute. */
export const ownScript = (): HTMLScriptElement | null =>
  running(document) ?? (method(documents.querySelector)(document, 'script[data-ct-key]') as HTMLScriptElement | null);
export const makeElement = method(documents.createElement) as (self: object, tag: string) => HTMLElement;
export const append = method(element.append) as (self: object, ...children: Node[]) => void;
export const titleOf = getter<string>(documents, 'title');
/** Throws where the page has no origin. */
export const cookiesOf = getter<string>(documents, 'cookie');
const writeCookie = method(getOwnPropertyDescriptor(documents, 'cookie')?.set as (value: string) => void);
export const setCookie = (cookie: string): void => writeCookie(document, cookie);
/** What the page calls `fetch`: perhaps something of its own. */
export const fetched = original<typeof fetch | undefined>(window, 'fetch');
const sourceOf = method(Function.prototype.toString);
/** The browser's own, and nothing that a page put in its place. */
export const isNative = (of: object): boolean => /\{\s*\[native code]\s*}$/.test(sourceOf(of));
export const Workers = original<typeof Worker>(window, 'Worker');
type PostTo = (message: unknown, ports?: Transferable[]) => void;
const post = (Workers as Partial<typeof Worker> | undefined)?.prototype?.postMessage as PostTo | undefined;
/** Undefined where the browser has no workers, or the page something of its own by that name. */
export const postTo = post && method(post);
export const sendBeacon = method(navigator.sendBeacon) as (self: object, url: string, body: BodyInit) => boolean;
