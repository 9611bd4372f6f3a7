/** The page as batches tell of it. What the browser would have to lay out is read after a frame, when it has just done so. */
import type { Header } from '../shared/chunk.ts';
import { guarded } from './guard.ts';
import {
  atFrame,
  getter,
  later,
  rootElement,
  scrollingElement,
  scrollLeftOf,
  scrollTopOf,
  titleOf,
} from './natives.ts';

// A page may call something of its own by these names, before or after.
const display = screen;
const widthOf = getter<unknown>(window, 'innerWidth');
const heightOf = getter<unknown>(window, 'innerHeight');

export interface View {
  readonly viewport: [width: number, height: number];
  /** Of the document: how far it is scrolled, how high it is, and which share of it was seen so far, 0 to 1. */
  readonly scroll: { x: number; y: number; page_height: number; depth: number };
  /** Chunks of the page view's recording, when it ends; undefined where there is none. */
  chunks?: number | undefined;
  /** Reads it anew after the next frame, and then calls `then`. */
  readAnew(then?: () => void): void;
  /** Another page view: what was seen begins anew. */
  restart(): void;
  page(): Pick<Header['page'], 'title' | 'viewport' | 'screen' | 'language' | 'webdriver'>;
}

/** Runs after the next frame, when the page is laid out: reading a place costs nothing then. */
export function createAfterFrame(): (run: () => void) => void {
  let waiting: (() => void)[] = [];
  const runAll = () => {
    const runs = waiting;
    waiting = [];
    for (const run of runs) guarded(run);
  };
  return (run) => {
    if (!waiting.length) atFrame(() => later(runAll, 0));
    waiting.push(run);
  };
}

export function createView(afterFrame: (run: () => void) => void): View {
  const scroll = { x: 0, y: 0, page_height: 0, depth: 0 };
  const view: View = {
    viewport: [0, 0],
    scroll,
    readAnew(then) {
      afterFrame(() => {
        const root = rootElement(document);
        const { scrollHeight, clientWidth, clientHeight } = root;
        const height = Number(heightOf(window)) || clientHeight;
        view.viewport[0] = Number(widthOf(window)) || clientWidth;
        view.viewport[1] = height;
        const scrolled = scrollingElement(document) ?? root;
        scroll.x = scrollLeftOf(scrolled);
        scroll.y = scrollTopOf(scrolled);
        scroll.page_height = scrollHeight;
        if (scrollHeight) scroll.depth = Math.max(scroll.depth, Math.min(1, (scroll.y + height) / scrollHeight));
        then?.();
      });
    },
    restart() {
      scroll.depth = 0;
    },
    page: () => ({
      title: titleOf(document),
      viewport: view.viewport,
      screen: [Number(display?.width) || 0, Number(display?.height) || 0],
      language: navigator.language,
      webdriver: !!navigator.webdriver,
    }),
  };
  return view;
}
