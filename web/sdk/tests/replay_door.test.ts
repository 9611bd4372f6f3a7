/** What the worker does about a recording before there is one, and when everything is to be forgotten. */
import { expect, test, vi } from 'vitest';
import type { RecordingOrder } from '../src/shared/messages.ts';
import type { AboutVisitor, FromReplay, ToReplay } from '../src/shared/replay_messages.ts';
import { Clock } from '../src/worker/clock.ts';
import { ReplayDoor } from '../src/worker/replay_door.ts';
import { rows, snapshot } from './replay_setup.ts';

function door(load: () => Promise<unknown>, sample?: string) {
  const told: (FromReplay | AboutVisitor)[] = [];
  const port = { onmessage: null, postMessage: (message: FromReplay) => told.push(message) } as unknown as MessagePort;
  const order: RecordingOrder = {
    kind: 'replay',
    ports: [port],
    base: 'https://shop.example/boxes/',
    worker: '/telemetry.worker.js',
    script: undefined,
    key: 'k&',
    endpoint: 'https://collect.example/',
    path: undefined,
    tab_id: 'tab',
    memoryOnly: true,
    address: 'https://collect.example/v1/events?key=k%26',
    hooks: undefined,
    data: undefined,
    mode: 'always',
    images: undefined,
    sample,
  };
  const loads = vi.fn(load);
  const made = new ReplayDoor(order, new Clock(), loads as never);
  const say = (message: ToReplay | AboutVisitor) => port.onmessage?.({ data: message } as MessageEvent);
  return { made, told, say, loads };
}

/** A desk that notes what it is given. */
function desk() {
  const given: ToReplay[] = [];
  const forgets = vi.fn(async () => {});
  const startReplay = vi.fn((order: RecordingOrder, _: Clock, waiting: ToReplay[]) => {
    given.push(...waiting);
    order.ports[0].onmessage = ({ data }) => given.push(data);
    return { saw() {}, online() {}, forget: forgets };
  });
  return { given, forgets, startReplay };
}

test('the page is asked whose it is, and told whether it may begin; nothing is loaded before it does', () => {
  const { told, say, loads } = door(async () => desk());
  expect(told).toEqual([{ replay: 'visitor' }]);
  say({ replay: 'visitor', visitor_id: 'somebody' });
  expect(told.slice(1)).toEqual([{ replay: 'snapshot' }]);
  const none = door(async () => desk(), '0');
  none.say({ replay: 'visitor', visitor_id: 'somebody' });
  expect(none.told.slice(1)).toEqual([{ replay: 'stop', reason: 'sampled_out' }]);
  expect(loads).not.toHaveBeenCalled();
});

test('it is loaded once, and gets all that was said meanwhile, in order', async () => {
  const made = desk();
  const { say, loads } = door(async () => made);
  const said: ToReplay[] = [rows(...snapshot(1)), { replay: 'hidden' }, rows(...snapshot(2))];
  for (const message of said.slice(0, 2)) say(message);
  await vi.waitFor(() => expect(made.startReplay).toHaveBeenCalledTimes(1));
  say(said[2] as ToReplay);
  expect(made.given).toEqual(said);
  expect(loads.mock.calls).toEqual([['https://shop.example/telemetry.replay.worker.js']]);
  const [order] = made.startReplay.mock.calls[0] as unknown as [{ address: string }];
  expect(order.address).toBe('https://collect.example/v1/replay?key=k%26');
});

test('a file that cannot be had ends the recording, and says why', async () => {
  const { told, say } = door(() => Promise.reject(new Error('404')));
  say({ replay: 'hidden' });
  await vi.waitFor(() => expect(told.at(-1)).toEqual({ replay: 'stop', reason: 'error' }));
});

test('forgotten while it is being loaded: it never begins', async () => {
  const made = desk();
  const { made: own, told, say } = door(async () => made);
  say({ replay: 'hidden' });
  await own.forget();
  await new Promise((resolve) => setImmediate(resolve));
  expect(made.startReplay).not.toHaveBeenCalled();
  expect(told.at(-1)).toEqual({ replay: 'stop' });
});

test('forgotten later: the desk forgets as well, and is waited for', async () => {
  const made = desk();
  const { made: own, say } = door(async () => made);
  say({ replay: 'hidden' });
  await vi.waitFor(() => expect(made.startReplay).toHaveBeenCalled());
  await own.forget();
  expect(made.forgets).toHaveBeenCalledTimes(1);
});
