/** Where a page may have a recording: telemetry.replay.worker.js is loaded when the first word of one comes. */
import type { TelemetryEvent } from '../shared/batch.ts';
import type { ReplayOrder } from '../shared/messages.ts';
import type { FromReplay, ToReplay } from '../shared/replay_messages.ts';
import type { Clock } from './clock.ts';
import type { Desk } from './replay/main.ts';

type Module = Pick<typeof import('./replay/main.ts'), 'startReplay'>;

export class ReplayDoor {
  private desk: Desk | null = null;
  private forgotten = false;

  constructor(
    private order: ReplayOrder,
    private clock: Clock,
    private load: (address: string) => Promise<Module> = (address) => import(address),
  ) {
    const [port] = order.ports;
    const waiting: ToReplay[] = [];
    port.onmessage = ({ data }) => {
      if (waiting.push(data) === 1) this.open(waiting);
    };
    // There is consent, or this order would not have come.
    this.tell({ replay: 'snapshot' });
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
      const { startReplay } = await this.load(this.order.script);
      if (!this.forgotten) this.desk = startReplay(this.order, this.clock, waiting);
    } catch {
      this.tell({ replay: 'stop', reason: 'error' });
    }
  }

  private tell(message: FromReplay): void {
    this.order.ports[0].postMessage(message);
  }
}
