// The player: a document of its own, to which the page around it hands a port with the recording.
import { Controls } from './controls.ts';
import { Gaps, words } from './gaps.ts';
import { type Order, PORT, READY, type Report, SPEED_MAX, SPEED_MIN } from './protocol.ts';
import { Quiet } from './quiet.ts';
import { Stage } from './stage.ts';

const SNAPSHOT = 2;

function serve(port: MessagePort): void {
  const say = (report: Report) => port.postMessage(report);
  const failed = (error: unknown) => say({ say: 'failed', what: String(error) });
  const root = document.getElementById('stage') as HTMLElement;
  const gaps = new Gaps();
  const quiet = new Quiet();
  const stage = new Stage(root, () => {
    show();
    say({ say: 'ended' });
  });
  const controls = new Controls({
    toggle: () => obey({ say: stage.playing ? 'pause' : 'play' }),
    seek: (at) => obey({ say: 'seek', at }),
    speed: (times) => obey({ say: 'speed', times }),
  });

  function show(): void {
    const { at, length, playing, start } = stage;
    controls.show(at, length, playing);
    const gap = gaps.at(start + at);
    root.classList.toggle('hatched', gap !== undefined);
    controls.notice(gap && words(gap, start));
    say({ say: 'state', at, length, playing });
  }

  let frame = 0;
  function follow(): void {
    show();
    frame = stage.playing ? requestAnimationFrame(follow) : 0;
  }

  function take(lines: string): void {
    for (const line of lines.split('\n')) {
      if (!line) continue;
      try {
        const event = JSON.parse(line);
        quiet.hush(event);
        if (event.type === SNAPSHOT) gaps.snapshot(event.timestamp);
        stage.add(event);
      } catch (error) {
        failed(error);
      }
    }
  }

  function carryOut(order: Order): void {
    switch (order.say) {
      case 'events':
        take(order.lines);
        break;
      case 'gap':
        gaps.add(order);
        break;
      case 'play':
        stage.play();
        break;
      case 'pause':
        stage.pause();
        break;
      case 'seek':
        stage.seek(order.at);
        break;
      case 'speed': {
        const times = Math.max(SPEED_MIN, Math.min(SPEED_MAX, order.times));
        controls.speed(times);
        stage.speed(times);
        break;
      }
    }
  }

  function obey(order: Order): void {
    try {
      carryOut(order);
    } catch (error) {
      failed(error);
    }
    const { start, length } = stage;
    const spoilt = gaps.all.map((gap) => ({ gap, end: gaps.endOf(gap) }));
    controls.gaps(spoilt, start, length);
    if (!frame) follow();
  }

  // rrweb builds pages in timers of its own: what goes wrong there is told as well.
  addEventListener('error', (event) => failed(event.message));
  addEventListener('unhandledrejection', (event) => failed(event.reason));
  port.onmessage = ({ data }: MessageEvent<Order>) => obey(data);
}

function take(event: MessageEvent): void {
  const [port] = event.ports;
  if (event.source !== parent || event.origin !== location.origin || event.data !== PORT || !port) return;
  removeEventListener('message', take);
  serve(port);
}

addEventListener('message', take);
parent.postMessage(READY, location.origin);
