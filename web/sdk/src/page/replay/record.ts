/**
 * The recorder: what the page looks like and how that changes, for the encoder in the worker. It only reads; it takes 5 ms at a
 * time, in an idle moment, right when the page has changed, or after a frame, and what fails in it ends the recording and nothing else.
 */
import type { NoReplay, Recorder, ToReplay, Turn } from '../../shared/replay_messages.ts';
import { RECORDED_NODES_MAX, SNAPSHOT, SNAPSHOT_END, VIEWPORT } from '../../shared/replay_rows.ts';
import { guarded } from '../guard.ts';
import { later, nodeType, now, ORIGIN, observeChanges, on, rootElement, visibilityOf, whenIdle } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { after } from './after.ts';
import { changesOf, STYLE_EVERY_MS } from './changes.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { focusOf } from './focus.ts';
import { designOf, elementAt, isQuirky, isUntouched, windowOf } from './platform.ts';
import { rowsOf } from './rows.ts';
import { type Realm, sheetsIn } from './sheets.ts';
import { listenIn } from './signs.ts';
import { type Walk, walkOf } from './walk.ts';

/** Of one turn on the page's thread; and of the last one. */
const SLICE_MS = 5;
const END_MS = 50;
/** While a page is told the next turn comes in an idle moment, or after this time. */
const SLICE_WITHIN_MS = 100;
/** Scripts set fields and adopt sheets without a sign: looked for so often … */
const LOOK_EVERY_MS = 1000;
/** … and by a turn that comes when so much has passed: beside what it does it costs less than by itself. */
const LOOK_AFTER_MS = 500;
/**
 * A page that went on changing for so long, without such a pause and without an event, does so by itself: what it changes from then on waits
 * for the turn that would look anyway, after `LOOK_AFTER_MS`.
 */
const BUSY_AFTER_MS = 1000;
const PAUSE_MS = 500;
/** The next turn looks. */
const LONG_AGO = -LOOK_AFTER_MS;
/** Turns go to the worker together, after so many times that `LOOK_EVERY_MS`, or so many: a message costs more than what stands in it. */
const POST_EVERY = 2;
const TURNS_MAX = 32;
/** What a page changes is told in the same task, where its thread is warm with it, once in this time; the rest after the frame. */
const AT_ONCE_EVERY_MS = 10;
/** So many elements the browser counts in one go: where each lies somewhere else in memory, that takes a millisecond. */
const COUNTED_AT_ONCE = 2000;
/** To look at the clock costs as much as a small node. */
const CLOCK_EVERY = 16;
/** All that changes the tree. */
const EVERYTHING = { subtree: true, childList: true, attributes: true, characterData: true };

export type Post = (message: ToReplay, transfer?: Transferable[]) => void;

/** `byRules`: style sheets are always read rule by rule. */
export function record(tracker: Tracker, post: Post, byRules = false): Recorder {
  /** A snapshot is under way; what it has cost so far, in ms. */
  let snapping = false;
  let cost = 0;
  /** Elements of the page that were counted before it is told: of too many nothing is told. */
  let count = 0;
  /** A turn is asked for. */
  let asked = false;
  /** Styles wait for their time. */
  let waits = false;
  let over = false;
  /** A shadow tree was met. */
  let slotted = false;
  /** When the last turn began. */
  let turnedAt = 0;
  /** When the page changed last, since when it went on, and how many events there were by then. */
  let changedAt = 0;
  let changesSince = 0;
  let events = 0;
  /** What is not posted yet. */
  let turns: Turn[] = [];
  /** Where those of the last one end. */
  let ended = 0;
  /** When what changes without a sign was looked at. */
  let lookedAt = LONG_AGO;
  /** How many times `LOOK_EVERY_MS` passed since turns were posted. */
  let ticks = 0;
  /** Documents, shadow trees and windows that are followed. */
  const watched = new WeakSet<object>();
  /** That of the page and those of its frames. */
  const pages = new Set<Document>();

  const rows = rowsOf();
  const fields: Fields = fieldsOf(rows, (node) => walk.nodes.number(node));
  const sheets = sheetsIn(
    rows,
    (node) => walk.nodes.known(node),
    () => {
      lookedAt = LONG_AGO;
      ask();
    },
    byRules,
  );
  const walk: Walk = walkOf(
    rows,
    fields,
    (root) => {
      meet(root);
      // How far the page is scrolled stands in its snapshot, and of a frame nowhere; a tree has nothing to tell.
      changes.stirred(root);
    },
    (owner) => sheets.read(owner),
  );
  const changes = changesOf(rows, walk, fields);
  const focus = focusOf(rows, (node) => walk.nodes.known(node));

  const forget = () => {
    for (const part of [changes, sheets, fields, focus, walk]) part.forget();
    rows.text();
    rows.takeNumbers();
    pages.clear();
  };
  const stop = (reason?: NoReplay) => {
    if (over) return;
    over = true;
    observer?.disconnect();
    if (reason) {
      postTurns();
      post({ replay: 'stopped', reason });
    }
    forget();
    turns = [];
  };
  const safely = (run: () => void) => {
    if (over) return;
    try {
      run();
    } catch {
      stop('error');
    }
  };
  const see = async (records: readonly MutationRecord[]): Promise<void> => {
    changes.see(records);
    // Slots say that they show something else when observers have been called.
    if (slotted) await null;
    safely(() => {
      const at = now();
      const before = events;
      events = tracker.nextSeq();
      if (events !== before || at - changedAt > PAUSE_MS) changesSince = at;
      changedAt = at;
      const since = at - turnedAt;
      // The page changes by itself. If nothing changes any more, the timer tells it.
      if (changedAt - changesSince > BUSY_AFTER_MS && since < LOOK_AFTER_MS) return;
      if (snapping || asked || since < AT_ONCE_EVERY_MS || !turn(SLICE_MS, false, true)) ask();
    });
  };
  const observer = observeChanges(see);
  /** A document or a shadow tree is told: what happens in it from now on is seen. */
  const meet = (root: Node) => {
    sheets.root(root);
    lookedAt = LONG_AGO;
    observer?.observe(root, EVERYTHING);
    if (nodeType(root) === Node.DOCUMENT_NODE) {
      pages.add(root as Document);
      heed(root as Document);
      guarded(() => follow(windowOf(root) as Realm));
    } else slotted = true;
    if (watched.has(root)) return;
    watched.add(root);
    listenIn(root, rows, { walk, changes, fields, sheets, ask, safely });
  };
  /** Scripts make a document an editor as a whole without a sign, and one in a frame goes without one. */
  const heed = (page: Document) => {
    if (designOf(page) === 'on') walk.nodes.mark(rootElement(page) ?? page);
    if (windowOf(page)) return;
    pages.delete(page);
    sheets.leave(page);
  };
  /** Scripts of each window have what they call from that: a frame is followed as the page is. */
  const follow = (page: Realm) => {
    if (watched.has(page)) return;
    watched.add(page);
    sheets.follow(page);
    after(page.Element.prototype, 'attachShadow', (self) =>
      safely(() => {
        walk.attached(self as Element);
        ask();
      }),
    );
  };
  const postTurns = () => {
    ticks = 0;
    if (!turns.length) return;
    const [numbers, taken] = [rows.takeNumbers(), turns];
    turns = [];
    ended = 0;
    post({ replay: 'rows', numbers, turns: taken }, [numbers.buffer]);
  };
  const endTurn = () => {
    const end = rows.length();
    if (end !== ended) turns.push({ end, text: rows.text(), at: Math.round(ORIGIN + now()), q: tracker.nextSeq() - 1 });
    ended = end;
    if (turns.length >= TURNS_MAX || ticks >= POST_EVERY) postTurns();
  };
  const endSnapshot = (partial: boolean) => {
    snapping = false;
    // To post much text takes as long as to read it, so that is a task of its own.
    later(() => safely(postTurns), 0);
    rows.row(SNAPSHOT_END, cost * 1000, partial);
  };
  /**
   * Tells what there is to tell for so long; `all`: also what scripts do without a sign; `atOnce`: nothing for which the browser would
   * have to lay the page out, which the page has not done with. True: what was told is true again.
   */
  const turn = (ms: number, all = false, atOnce = false): boolean => {
    const began = now();
    turnedAt = began;
    pages.forEach(heed);
    walk.nodes.atOnce(atOnce);
    let calls = 0;
    const tooLate = () => now() - began > ms;
    let gone = false;
    const soonLate = () => {
      gone ||= ++calls % CLOCK_EVERY === 0 && tooLate();
      return gone;
    };
    if (!pages.size) meet(document);
    while (snapping && count <= RECORDED_NODES_MAX && !tooLate() && elementAt(document, count))
      count += COUNTED_AT_ONCE;
    if (observer && !atOnce) changes.see(observer.takeRecords());
    let done =
      changes.note(soonLate) &&
      !(atOnce && changes.moves()) &&
      walk.work(soonLate) &&
      (!snapping || sheets.work(tooLate));
    cost += now() - began;
    if (Math.max(count, walk.nodes.count()) > RECORDED_NODES_MAX) stop('too_large');
    // What is to be told anew is in no snapshot as it was told: it may stand in a block since.
    done &&= !over && changes.place(soonLate);
    if (done) {
      if (snapping) endSnapshot(false);
      const looking = all || began - lookedAt >= LOOK_AFTER_MS;
      if (looking) {
        lookedAt = began;
        fields.look();
        sheets.look();
      }
      done = walk.work(soonLate) && sheets.work(tooLate) && changes.tell(soonLate, all);
      if (done && (looking || !atOnce)) focus.look();
      // Styles that were told a moment ago.
      if (done && changes.waits() && !waits) {
        waits = true;
        later(() => {
          waits = false;
          ask();
        }, STYLE_EVERY_MS);
      }
    }
    endTurn();
    return done;
  };
  /** `idle`: the moment that the turn before had, if it was an idle one. */
  const ask = (idle?: IdleDeadline) => {
    if (asked || over) return;
    asked = true;
    const run = (moment?: IdleDeadline) =>
      safely(() => {
        asked = false;
        if (!turn(SLICE_MS)) ask(moment);
      });
    if (!snapping) tracker.afterFrame(run);
    // Turn after turn while there is nothing else to do, each a task of its own: the next idle moment comes late, and finds the code cold.
    else if (idle && idle.timeRemaining() > SLICE_MS) later(() => run(idle), 0);
    // While there is much to tell the page's frames come first.
    else whenIdle(run, SLICE_WITHIN_MS);
  };
  /** The page is hidden or ends: nobody knows whether there is another turn. */
  const end = () => {
    if (!turn(END_MS, true) && snapping && !over) {
      changes.place();
      endSnapshot(true);
      endTurn();
    }
    postTurns();
    // Nobody sees what a hidden page changes: that waits for a frame, which such a page does not have.
    ask();
  };
  const snapshot = () => {
    observer?.disconnect();
    postTurns();
    forget();
    rows.forgetNames();
    snapping = true;
    count = cost = 0;
    rows.row(SNAPSHOT, innerWidth, innerHeight, scrollX, scrollY, walk.nodes.number(document), isQuirky(document));
    walk.parent(document);
    ask();
  };
  const tick = () => {
    later(
      () =>
        safely(() => {
          const isDue = now() - lookedAt >= LOOK_AFTER_MS;
          if (isDue && !snapping && visibilityOf(document) !== 'hidden' && !turn(SLICE_MS)) ask();
          ticks++;
          // What happened while there was no turn.
          endTurn();
          tick();
        }),
      LOOK_EVERY_MS,
    );
  };
  safely(() => {
    if (!observer || !isUntouched()) return stop('unsupported');
    on(window, 'resize', () =>
      safely(() => {
        rows.row(VIEWPORT, innerWidth, innerHeight);
        ask();
      }),
    );
    tick();
    snapshot();
  });
  return {
    flush: () => safely(end),
    snapshot: () => safely(snapshot),
    rules: (of) => safely(() => sheets.rules(of)),
    stop: () => stop(),
  };
}
