/** Where a recording is cut into chunks: see `limits.ts`. A snapshot always begins one; without a change there is none. */
import { platform } from '../platform.ts';
import { ASSETS_NAMED_MAX, CHUNK_MS_MAX, CHUNK_UNITS_MAX } from './limits.ts';
import type { Recorded } from './recorded.ts';

/** What was recorded from one cut to the next. */
export interface Stretch {
  kind: Recorded['kind'];
  /** rrweb's events as JSON lines, each with its end. */
  text: string;
  events: number;
  first_at: number;
  last_at: number;
  first_q: number;
  last_q: number;
  nodes?: number;
  cost_ms?: number;
  /** The page ended before all of its snapshot was seen. */
  partial: boolean;
  /** SHA-256 of the assets that it names. */
  assets: string[];
}

/** A snapshot is two lines: the size of the page, and the page. */
const SNAPSHOT_LINES = 2;

export class Cutter {
  private open: Stretch | null = null;
  private timer = 0;

  /** `cut` gets each stretch when it ends. */
  constructor(private cut: (stretch: Stretch) => void) {}

  take(event: Recorded): void {
    if (event.kind === 'snapshot' && this.open && !this.awaitsPage()) this.end();
    // A header has room for so many.
    if ((this.open?.assets.length ?? 0) + (event.assets?.length ?? 0) > ASSETS_NAMED_MAX) this.end();
    const stretch = this.add(event);
    if (stretch.text.length >= CHUNK_UNITS_MAX && !this.awaitsPage()) this.end();
  }

  get isOpen(): boolean {
    return !!this.open;
  }

  /** Ends what is open, if anything is. */
  end(): void {
    const { open } = this;
    this.drop();
    if (open) this.cut(open);
  }

  /** Forgets what is open. */
  drop(): void {
    platform.notLater(this.timer);
    this.open = null;
  }

  /** Of an open snapshot the page itself is missing: what comes now is its second line. */
  private awaitsPage(): boolean {
    return this.open?.kind === 'snapshot' && this.open.events < SNAPSHOT_LINES;
  }

  private add({ kind, line, at, q, nodes, cost_ms, partial, assets = [] }: Recorded): Stretch {
    const known = Math.max(0, q);
    if (!this.open) {
      this.open = {
        kind,
        text: '',
        events: 0,
        first_at: at,
        last_at: at,
        first_q: known,
        last_q: known,
        partial: false,
        assets: [],
      };
      this.timer = platform.later(() => this.end(), CHUNK_MS_MAX);
    }
    const { open } = this;
    open.text += `${line}\n`;
    open.events++;
    open.last_at = Math.max(open.last_at, at);
    open.last_q = Math.max(open.last_q, known);
    open.nodes = nodes ?? open.nodes;
    open.partial ||= !!partial;
    open.assets.push(...assets);
    if (cost_ms !== undefined) open.cost_ms = (open.cost_ms ?? 0) + cost_ms;
    return open;
  }
}
