// What a trace of the browser says about one script: its calls, the layout it forced, and the tasks it made long. No I/O.

const LONGEST_SHOWN = 5;
/** Long tasks as the web platform defines them. */
const LONG_TASK_MS = 50;
/** `v8.execute` has the microtasks, which are in no call. */
export const CATEGORIES = [
  ...['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8.execute'],
  ...['toplevel', '__metadata'],
];

const CALLS = new Set(['FunctionCall', 'EvaluateScript', 'v8.evaluateModule', 'RunMicrotasks']);
const TASK = new Set(['RunTask', 'ThreadControllerImpl::RunTask']);
const LAYOUT = new Set(['Layout', 'UpdateLayoutTree']);

const addressOf = ({ args }) => args?.data?.url ?? args?.fileName ?? '';

/** Of the renderers' main threads the page's: it ran scripts that `isSite` knows. Its events, from outer to inner. */
function mainThread(events, isSite) {
  const threads = new Map();
  for (const { ph, name, args, pid, tid } of events)
    if (ph === 'M' && name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid}:${tid}`, []);
  for (const event of events) if (event.ph === 'X') threads.get(`${event.pid}:${event.tid}`)?.push(event);
  const own = [...threads.values()].find((list) => list.some((event) => isSite(addressOf(event))));
  if (!own) throw new Error('the trace has no scripts of the page');
  return own.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
}

/** Time of the thread, not of the wall: other processes on the machine are not in it. */
const msOf = ({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000;

/**
 * The number of a script's calls, their time, the longest of them, the layout that they forced, and the tasks that it makes long.
 *
 * `isSubject` tells the addresses of the script in question, `isSite` those of all scripts of the page. A call belongs to it
 * when its function does, and so does what is called from there. `isSubject` gets the name of the call as well: microtasks
 * have no address. A task is long *because of* the script when without the script's calls it would not be; its blocking
 * time is what the task loses beyond 50 ms less without them. `ownMs` is the most that the script takes of one task.
 */
export function analyse(events, { isSubject, isSite }) {
  const found = { calls: [], forced: 0, forcedMs: 0, longTasks: 0, blockingMs: 0, ownMs: 0 };
  const open = [];
  let task = null;
  const closeTask = () => {
    if (!task) return;
    const over = Math.max(0, task.ms - LONG_TASK_MS);
    const overWithout = Math.max(0, task.ms - task.ownMs - LONG_TASK_MS);
    if (over && !overWithout) found.longTasks++;
    found.blockingMs += over - overWithout;
    found.ownMs = Math.max(found.ownMs, task.ownMs);
    task = null;
  };
  for (const event of mainThread(events, isSite)) {
    while (open.length && open.at(-1).end <= event.ts) open.pop();
    const parent = open.at(-1);
    const own = parent?.own || (CALLS.has(event.name) && isSubject(addressOf(event), event.name));
    const forced = own && LAYOUT.has(event.name) && !parent.forced;
    const type = event.name === 'EventDispatch' ? event.args.data.type : '';
    open.push({ end: event.ts + (event.dur ?? 0), own, forced: forced || parent?.forced, type });
    if (TASK.has(event.name) && !parent) {
      closeTask();
      task = { ms: msOf(event), ownMs: 0 };
    }
    if (own && !parent?.own) addCall(found.calls, event, task, parent);
    if (forced) {
      found.forced++;
      found.forcedMs += msOf(event);
    }
  }
  closeTask();
  const longest = found.calls.sort((a, b) => b.ms - a.ms).slice(0, LONGEST_SHOWN);
  const callsMs = found.calls.reduce((sum, { ms }) => sum + ms, 0);
  return { ...found, calls: found.calls.length, callsMs, longest };
}

/** A call of a listener is named by its event too. */
function addCall(calls, event, task, parent) {
  const ms = msOf(event);
  if (task) task.ownMs += ms;
  const { functionName, url = '', lineNumber, columnNumber } = event.args?.data ?? {};
  const name = `${functionName || event.name} ${url.replace(/.*\//, '')}:${lineNumber ?? ''}:${columnNumber ?? ''}`;
  calls.push({ ms, name: parent?.type ? `${parent.type}: ${name}` : name });
}
