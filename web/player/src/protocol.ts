// What the page around the player and the player say to each other, over a port that the page hands in.

/** To the player. Times are milliseconds: `at` since the recording's first event, all others since 1970. */
export type Order =
  /** Lines of rrweb events in their order, as the server streams them. */
  | { say: 'events'; lines: string }
  /** What is missing from here to there: a chunk that was lost, or that cannot be read. */
  | { say: 'gap'; from: number; until: number; what: string }
  | { say: 'play' }
  | { say: 'pause' }
  | { say: 'seek'; at: number }
  | { say: 'speed'; times: number };

/** From the player. */
export type Report =
  /** After each order that changed it, and while it plays at most once a frame. */
  | { say: 'state'; at: number; length: number; playing: boolean }
  /** The last event was shown. */
  | { say: 'ended' }
  /** What could not be shown; the player goes on with the rest. */
  | { say: 'failed'; what: string };

/** The message that brings the port, and the one that asks for it. */
export const PORT = 'telemetry-player-port';
export const READY = 'telemetry-player-ready';

export const SPEED_MIN = 0.5;
export const SPEED_MAX = 16;
