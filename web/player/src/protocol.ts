// What the page around the player and the player say to each other, over a port that the page hands in.

/** To the player. Times are milliseconds: `at` since the beginning, all others since 1970 by the recorded page's clock. */
export type Order =
  /** The page around the player has controls of its own. */
  | { say: 'bare' }
  /** When the page view began and ended; without it, the beginning is the recording's first event. */
  | { say: 'span'; from: number; until: number }
  /** What is drawn over the page, and instead of it where nothing was recorded. */
  | ({ say: 'drawn' } & Drawn)
  /** Forgets the page that was shown; what comes next begins with a snapshot. */
  | { say: 'reset' }
  /** Lines of rrweb events in their order, as the server streams them. */
  | { say: 'events'; lines: string }
  /** What is missing from here to there: a chunk that was lost, or that cannot be read. */
  | { say: 'gap'; from: number; until: number; what: string }
  | { say: 'play' }
  | { say: 'pause' }
  | { say: 'seek'; at: number }
  | { say: 'speed'; times: number };

/** Places are CSS pixels of the recorded viewport. */
export interface Drawn {
  viewport: [width: number, height: number];
  /** Samples of the pointer in their order. */
  pointer: { at: Float64Array; x: Float32Array; y: Float32Array };
  clicks: { at: number; x: number; y: number }[];
  /** Elements that the visitor met. */
  boxes: { x: number; y: number; width: number; height: number; label: string }[];
}

/** From the player. */
export type Report =
  /** After each order that changed it, and while it plays at most once a frame. */
  | { say: 'state'; at: number; length: number; playing: boolean; shown: 'page' | 'wireframe' }
  /** After each `seek`: the recorded page was drawn there with its styles, or they do not come. */
  | { say: 'pictured' }
  /** The last event was shown. */
  | { say: 'ended' }
  /** What could not be shown; the player goes on with the rest. */
  | { say: 'failed'; what: string };

/** The message that brings the port, and the one that asks for it. */
export const PORT = 'telemetry-player-port';
export const READY = 'telemetry-player-ready';

export const SPEED_MIN = 0.5;
export const SPEED_MAX = 16;
