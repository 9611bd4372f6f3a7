// The page around the player: which page view, when, and what is missing. It shows what a stranger may have written, as text only.
import { clock } from '../src/gaps.ts';
import { Files } from './files.ts';
import { connect, Film, type State } from './film.ts';
import { element, Happenings, length, nothing, pageViews } from './lists.ts';
import type { First, Mark, Moments, PageView, Session, Source } from './recording.ts';
import { Server } from './server.ts';
import { idle, Timeline } from './timeline.ts';

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const STEP_MS = 5_000;

class Page {
  readonly #source: Source;
  readonly #session: Session;
  readonly #port: MessagePort;
  readonly #timeline = new Timeline(byId('track'), byId('seek'));
  readonly #happenings = new Happenings(byId('happenings'));
  #film?: Film;
  #state?: State;
  #moments?: Moments;
  #seeking = false;
  #idle: ReturnType<typeof idle> = [];

  constructor(source: Source, session: Session, port: MessagePort) {
    [this.#source, this.#session, this.#port] = [source, session, port];
    this.#tell();
    const seek = byId<HTMLInputElement>('seek');
    seek.addEventListener('input', () => {
      this.#seeking = true;
      byId('now').textContent = clock(Number(seek.value));
    });
    seek.addEventListener('change', () => {
      this.#seeking = false;
      this.seek(Number(seek.value));
    });
    byId('play').addEventListener('click', () => this.#toggle());
    byId('speed').addEventListener('change', () => this.#speed());
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Who it was, and how much of it is here. */
  #tell(): void {
    const { session_id, visitor_id, ledger, page_views } = this.#session;
    byId('who').textContent = `visitor ${visitor_id.slice(-8)} · session ${session_id.slice(0, 8)}`;
    byId('who').title = `visitor ${visitor_id}\nsession ${session_id}`;
    const errors = page_views.flatMap(({ clock_error_ms }) => clock_error_ms ?? []);
    const named = page_views.reduce((sum, { assets }) => sum + assets.named, 0);
    const stored = page_views.reduce((sum, { assets }) => sum + Object.keys(assets.stored).length, 0);
    const books = [
      `${ledger.received} of ${ledger.expected} chunks`,
      ...(errors.length ? [`clock ± ${Math.max(...errors).toFixed(1)} ms`] : []),
      ...(stored < named ? [`${named - stored} of ${named} assets not stored`] : []),
    ];
    byId('books').textContent = books.join(' · ');
    byId('books').classList.toggle('lost', ledger.lost > 0);
  }

  async open(view: PageView, at = 0): Promise<void> {
    this.#film?.close();
    const film = new Film(this.#port, this.#source, this.#session, view, {
      state: (state) => this.#show(state),
      lost: (lost) => {
        this.#timeline.lost(lost);
        this.#losses();
      },
      failed: problem,
    });
    this.#film = film;
    // Asked for first: what is drawn meanwhile costs no time.
    const shown = film.open(at);
    this.#tellOpen(view);
    // What is drawn over a page is asked of the same server as its styles, which its picture waits for.
    const pictured = shown.then(() => film.pictured).catch(() => undefined);
    const drawn = pictured.then(() => film.moments());
    const failed = (error: Error) => {
      if (this.#film === film) problem(error.message);
    };
    drawn.then((moments) => this.#happened(film, moments)).catch(failed);
    await shown.catch(failed);
    this.#speed();
    if (this.#film === film) byId('stage').classList.remove('loading');
  }

  #tellOpen(view: PageView): void {
    this.#moments = undefined;
    this.#idle = [];
    byId('stage').classList.add('loading');
    byId('views').replaceChildren(...pageViews(this.#session.page_views, view, (chosen) => void this.open(chosen)));
    byId('end').textContent = clock(length(view));
    byId('empty').hidden = view.chunks.length > 0;
    byId('empty').textContent = nothing(view);
    byId('happenings').replaceChildren();
    problem();
    this.#timeline.open(view);
    this.#losses();
  }

  /** Friction is told when it is judged: that it costs more is no reason to wait for the rest. */
  async #happened(film: Film, moments: Moments): Promise<void> {
    this.#tellHappened(film, moments, moments.marks);
    if (this.#film !== film) return;
    const friction = await film.friction();
    const marks = [...moments.marks, ...friction].sort((a, b) => a.at - b.at);
    this.#tellHappened(film, { ...moments, marks }, friction);
  }

  /** `fresh`: those that the line of time does not have yet. */
  #tellHappened(film: Film, moments: Moments, fresh: Mark[]): void {
    if (this.#film !== film) return;
    const { view } = film;
    this.#moments = moments;
    this.#timeline.marks(fresh);
    this.#happenings.show(moments.marks, view.started_at, (to) => this.seek(to));
    this.#idle = idle(view, moments);
    if (this.#state) this.#show(this.#state);
  }

  seek(at: number): void {
    this.#film?.seek(at).catch((error: Error) => problem(error.message));
  }

  #losses(): void {
    const { losses } = this.#timeline;
    byId('losses').hidden = !losses.length;
    byId('losses').textContent =
      losses.slice(0, 3).join(', ') + (losses.length > 3 ? `, and ${losses.length - 3} more` : '');
  }

  #toggle(): void {
    this.#film?.say({ say: this.#state?.playing ? 'pause' : 'play' });
  }

  #speed(): void {
    this.#film?.say({ say: 'speed', times: Number(byId<HTMLSelectElement>('speed').value) });
  }

  #show(state: State): void {
    this.#state = state;
    const play = byId<HTMLButtonElement>('play');
    play.disabled = !state.length;
    play.classList.toggle('playing', state.playing);
    play.ariaLabel = state.playing ? 'Pause' : 'Play';
    if (!this.#seeking) {
      const seek = byId<HTMLInputElement>('seek');
      seek.value = String(state.at);
      seek.ariaValueText = clock(state.at);
      byId('now').textContent = clock(state.at);
    }
    const share = state.length ? state.at / state.length : 0;
    byId('head').style.left = `${share * 100}%`;
    byId('wireframe').hidden = state.shown === 'page' || !this.#film?.view.chunks.length;
    const start = this.#film?.view.started_at ?? 0;
    if (this.#moments) this.#happenings.follow(start + state.at);
    this.#skip(state);
  }

  /** A second of it is left at both ends, so that nobody misses that time went by. */
  #skip({ at, playing }: State): void {
    if (!playing || !byId<HTMLInputElement>('skip').checked) return;
    const still = this.#idle.find(({ from, until }) => at > from + 1000 && at < until - 1500);
    if (still) this.seek(still.until - 1000);
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    const at = this.#state?.at ?? 0;
    const speed = byId<HTMLSelectElement>('speed');
    const faster = (by: number) => {
      speed.value = String(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(Number(speed.value)) + by))]);
      this.#speed();
    };
    const troubles = (this.#moments?.marks ?? []).filter(({ kind }) => kind === 'friction' || kind === 'error');
    const places = troubles.map((mark) => mark.at - (this.#film?.view.started_at ?? 0));
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.seek(at - (event.shiftKey ? 6 : 1) * STEP_MS),
      ArrowRight: () => this.seek(at + (event.shiftKey ? 6 : 1) * STEP_MS),
      n: () => this.seek((places.find((place) => place > at + 3_500) ?? at + 3_000) - 3_000),
      p: () => this.seek((places.filter((place) => place < at).at(-1) ?? 3_000) - 3_000),
      '<': () => faster(-1),
      '>': () => faster(1),
      s: () => byId('skip').click(),
    };
    const action = event.key === ' ' && target.tagName !== 'BUTTON' ? () => this.#toggle() : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

/** What went wrong, in a line; nothing when all is well. */
function problem(what?: string): void {
  byId('problem').hidden = what === undefined;
  byId('problem').textContent = what ?? '';
}

/** Instead of the player: why there is none, and what to do. */
function instead(title: string, ...lines: (Node | string)[]): void {
  byId('instead').replaceChildren(element('h1', '', title), ...lines.map((line) => element('p', '', line)));
  document.body.dataset.state = 'instead';
}

async function session(source: Source, id: string, first?: First): Promise<Session> {
  for (;;) {
    try {
      return await source.session(id, first);
    } catch (error) {
      const { status } = error as { status?: number };
      if (status !== 401 || !(source instanceof Server)) throw error;
      source.token = await askForToken();
    }
  }
}

function askForToken(): Promise<string> {
  const dialog = byId<HTMLDialogElement>('token-dialog');
  dialog.showModal();
  return new Promise((done) => {
    const given = () => done(byId<HTMLInputElement>('token').value.trim());
    // That it has closed is told a while later.
    for (const event of ['submit', 'cancel']) dialog.addEventListener(event, given, { once: true });
  });
}

async function start(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const ofFiles = location.protocol === 'file:';
  const id = ofFiles ? '' : query.get('session');
  const at = (Number(query.get('t')) || 0) * 1000;
  const page_view_id = query.get('page_view');
  if (id === null) {
    const form = element('form', 'ask');
    form.innerHTML = '<input name="session" aria-label="Session" required size="36"> <button>Open</button>';
    return instead('Which session?', 'Its id stands in the column session_id of every table.', form);
  }
  document.body.dataset.state = 'loading';
  try {
    const source = ofFiles ? new Files() : new Server();
    // The player loads while the session is looked for: most of what somebody waits for are these two.
    const player = connect(byId<HTMLIFrameElement>('player'));
    const found = await session(source, id, page_view_id === null ? undefined : { page_view_id, at });
    const recorded = found.page_views.find(({ chunks }) => chunks.length) ?? found.page_views[0];
    if (!recorded) return instead('Nothing to show', 'This session has no page view.');
    document.body.dataset.state = 'shown';
    document.title = `Replay ${found.session_id.slice(0, 8)}`;
    const page = new Page(source, found, await player);
    const wanted = found.page_views.find((view) => view.page_view_id === page_view_id) ?? recorded;
    await page.open(wanted, at);
  } catch (error) {
    const { status, message } = error as { status?: number; message: string };
    instead(status === 404 ? 'There is no such session' : 'The recording cannot be opened', message);
  }
}

void start();
