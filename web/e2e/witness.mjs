// Scripts that run in a page before any other, and note what the page could notice. They keep their own copies of what they
// call: pages of the tests break the originals.

/** Errors, rejections and violations of policies, as the page's own listeners are told them. */
export function witnessErrors() {
  const note = Function.prototype.call.bind(Array.prototype.push);
  const text = (value) => {
    try {
      return `${value}`;
    } catch {
      return typeof value;
    }
  };
  const seen = { errors: [], rejections: [], handled: [], violations: [] };
  Object.defineProperty(window, '__seen', { value: seen });
  addEventListener('error', (event) => {
    if (event.message) note(seen.errors, event.message);
  });
  addEventListener('unhandledrejection', (event) => note(seen.rejections, text(event.reason)));
  addEventListener('rejectionhandled', (event) => note(seen.handled, text(event.reason)));
  document.addEventListener('securitypolicyviolation', (event) => note(seen.violations, event.violatedDirective));
}

/** Timers that the page set and that still live. Those of the SDK are told apart by who called. */
export function witnessTimers() {
  const live = { timeouts: new Set(), intervals: new Set(), frames: new Set() };
  const ours = (stack) => stack.includes('/sdk/telemetry');
  const put = Set.prototype.add;
  const drop = Set.prototype.delete;
  const apply = Reflect.apply;
  Object.defineProperty(window, '__live', {
    value: () => ({ timeouts: live.timeouts.size, intervals: live.intervals.size, frames: live.frames.size }),
  });
  const watch = (start, stop, set, repeats) => {
    const [begin, end] = [window[start], window[stop]];
    window[start] = function (run, ...rest) {
      const own = !ours(new Error().stack);
      const once = function (...parameters) {
        if (!repeats) apply(drop, set, [id]);
        return typeof run === 'function' ? apply(run, this, parameters) : undefined;
      };
      const id = apply(begin, this, [own && typeof run === 'function' ? once : run, ...rest]);
      if (own) apply(put, set, [id]);
      return id;
    };
    window[stop] = function (id) {
      apply(drop, set, [id]);
      return apply(end, this, [id]);
    };
  };
  watch('setTimeout', 'clearTimeout', live.timeouts, false);
  watch('setInterval', 'clearInterval', live.intervals, true);
  watch('requestAnimationFrame', 'cancelAnimationFrame', live.frames, false);
}

/** The order of events on the way down and up again. Moves are left out: the browser merges them as it likes. */
export function witnessEvents() {
  const types =
    'pointerdown pointerup mousedown mouseup click dblclick keydown keyup beforeinput input change submit reset focusin focusout select toggle close cancel popstate hashchange load message';
  const order = [];
  const note = Function.prototype.call.bind(Array.prototype.push);
  Object.defineProperty(window, '__order', { value: order });
  const nameOf = (target) => (target instanceof Element ? Reflect.apply(tag, target, []) : 'window');
  const tag = Object.getOwnPropertyDescriptor(Element.prototype, 'localName').get;
  for (const type of types.split(' ')) {
    addEventListener(type, (event) => note(order, `${type} > ${nameOf(event.target)}`), true);
    addEventListener(type, (event) => note(order, `${type} < ${nameOf(event.target)} ${event.defaultPrevented}`));
  }
}

/** The same dice in every run. */
export function seedRandom() {
  let state = 7;
  Math.random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A clock that goes on by a second for each thing that the visitor does: editors tell double clicks by it. */
export function stepClock() {
  let now = 1_790_000_000_000;
  Date.now = () => now;
  Object.defineProperty(window, '__tick', {
    value: () => {
      now += 1000;
    },
  });
}
