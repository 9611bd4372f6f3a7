/** Where a page may have a recording: telemetry.replay.worker.js is loaded when the first word of one comes. */
import type { TelemetryEvent } from '../shared/batch.ts';
import type { RecordingOrder } from '../shared/messages.ts';
import type { AboutVisitor, FromReplay, ToReplay } from '../shared/replay_messages.ts';
import type { Clock } from './clock.ts';
import type { Desk } from './replay/main.ts';
import { shareOf } from './share.ts';

/** The collector's, where frames go. */
const REPLAY_PATH = '/v1/replay';

type Module = Pick<typeof import('./replay/main.ts'), 'startReplay'>;

export class ReplayDoor {
  private desk: Desk | null = null;
  private forgotten = false;

  constructor(
    private order: RecordingOrder,
    private clock: Clock,
    private load: (address: string) => Promise<Module> = (address) => import(address),
  ) {
    const [port] = order.ports;
    const waiting: ToReplay[] = [];
    port.onmessage = ({ data }: MessageEvent<ToReplay | AboutVisitor>) => {
      if (data.replay === 'visitor') this.judge(data.visitor_id ?? '');
      else if (waiting.push(data) === 1) this.open(waiting);
    };
    // There is consent, or this order would not have come.
    this.tell({ replay: 'visitor' });
  }

  saw(events: readonly TelemetryEvent[]): void {
    this.desk?.saw(events);
  }

  online(): void {
    this.desk?.online();
  }

  async forget(): Promise<void> {
    this.forgotten = true;
    this.tell({ replay: 'stop' });
    await this.desk?.forget();
  }

  private async open(waiting: ToReplay[]): Promise<void> {
    try {
      const { base, worker, script = worker.replace('.worker.', '.replay.worker.') } = this.order;
      const { startReplay } = await this.load(new URL(script, base).href);
      const { endpoint = '', path = REPLAY_PATH, key } = this.order;
      const address = `${endpoint.replace(/\/+$/, '')}${path}?key=${encodeURIComponent(key)}`;
      if (!this.forgotten) this.desk = startReplay({ ...this.order, address }, this.clock, waiting);
    } catch {
      this.tell({ replay: 'stop', reason: 'error' });
    }
  }

  private judge(visitor: string): void {
    const out = shareOf(visitor) >= Number(this.order.sample ?? 1);
    this.tell(out ? { replay: 'stop', reason: 'sampled_out' } : { replay: 'snapshot' });
  }

  private tell(message: FromReplay | AboutVisitor): void {
    this.order.ports[0].postMessage(message);
  }
}
