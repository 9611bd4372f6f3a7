// The player: a document of its own, to which the page around it hands a port with the recording.
import { Controls } from './controls.ts';
import { Gaps, words } from './gaps.ts';
import { Overlay } from './overlay.ts';
import { type Order, PORT, READY, type Report, SPEED_MAX, SPEED_MIN } from './protocol.ts';
import { Quiet } from './quiet.ts';
import { Stage } from './stage.ts';

const SNAPSHOT = 2;

function serve(port: MessagePort): void {
  const say = (report: Report) => port.postMessage(report);
  const failed = (error: unknown) => say({ say: 'failed', what: String(error) });
  const root = document.getElementById('stage') as HTMLElement;
  let gaps = new Gaps();
  let quiet = new Quiet();
  const overlay = new Overlay(document.getElementById('overlay') as HTMLCanvasElement);
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
    stage.tick();
    const { at, length, playing, start, page } = stage;
    overlay.draw(start + at, stage.fit, page);
    controls.show(at, length, playing);
    const gap = gaps.at(start + at);
    root.classList.toggle('hatched', gap !== undefined);
    controls.notice(gap && words(gap, start));
    say({ say: 'state', at, length, playing, shown: page ? 'page' : 'wireframe' });
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
      case 'bare':
        document.body.classList.add('bare');
        break;
      case 'span':
        stage.span(order.from, order.until);
        break;
      case 'drawn':
        stage.viewport = order.viewport;
        overlay.drawn = order;
        break;
      case 'reset':
        stage.reset();
        [gaps, quiet] = [new Gaps(), new Quiet()];
        break;
      case 'play':
        stage.play();
        break;
      case 'pause':
        stage.pause();
        break;
      case 'seek':
        stage.seek(order.at);
        void stage.pictured().then(() => say({ say: 'pictured' }));
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
    // Many come together; each drawing would lay the recorded page out anew.
    if (!frame) frame = requestAnimationFrame(follow);
  }

  new ResizeObserver(() => show()).observe(root);
  // rrweb builds pages in timers of its own: what goes wrong there is told as well.
  addEventListener('error', (event) => failed(event.message));
  addEventListener('unhandledrejection', (event) => failed(event.reason));
  port.onmessage = ({ data }: MessageEvent<Order>) => obey(data);
}

function take(event: MessageEvent): void {
  const [port] = event.ports;
  if (event.source !== parent || !isOwn(event.origin) || event.data !== PORT || !port) return;
  removeEventListener('message', take);
  serve(port);
}

// Files that a browser opens by themselves have no origin that could be named; a server's have.
const OF_FILES = location.protocol === 'file:';

function isOwn(origin: string): boolean {
  return OF_FILES ? origin === 'null' : origin === location.origin;
}

addEventListener('message', take);
parent.postMessage(READY, OF_FILES ? '*' : location.origin);
