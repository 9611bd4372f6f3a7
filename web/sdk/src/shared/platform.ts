/** Network and timers of who delivers. A worker has its own. */
export interface Platform {
  fetch(address: string, init: RequestInit): Promise<Response>;
  later(run: () => void, ms: number): number;
  notLater(id: number): void;
  /** At the latest after `ms`. */
  whenIdle(run: () => void, ms: number): void;
}
