// Several threads on one event queue, as a model: what a thread has to do so that no descriptor has
// two handlers at once, and none is forgotten. Every order of arrivals, waits, reads and
// registrations is visited. The reactor does not work like that (docs/threads.md says why); this is
// what it would cost: a call of epoll_ctl(2) for every event.

const THREADS = 3;
const DESCRIPTORS = 2;
const ARRIVALS = 3;

/** What a thread is about to do. */
type Step = 'wait' | 'handle' | 'register';

interface Descriptor {
  /** Bytes that nobody has read, and that may still arrive. */
  unread: number;
  coming: number;
  /** The kernel may report it, and has something to report. */
  armed: boolean;
  news: boolean;
}

interface State {
  descriptors: Descriptor[];
  threads: { step: Step; descriptor: number }[];
}

/** How a program registers: edge-triggered throughout. */
interface Discipline {
  /** EPOLLONESHOT: whoever takes an event disarms the descriptor. */
  readonly oneShot: boolean;
  /** Registered again before the handler runs, or behind it. */
  readonly again: 'before' | 'behind';
  /** Registering looks whether something is there, as EPOLL_CTL_MOD does. */
  readonly looks: boolean;
}

const RIGHT: Discipline = { oneShot: true, again: 'behind', looks: true };

function register(descriptor: Descriptor, { looks }: Discipline): void {
  descriptor.armed = true;
  if (looks && descriptor.unread > 0) descriptor.news = true;
}

/** One step of one thread; false when it has to wait. */
function stepped(state: State, place: number, event: number, discipline: Discipline): boolean {
  const thread = state.threads[place] as State['threads'][number];
  const subject = thread.step === 'wait' ? event : thread.descriptor;
  const descriptor = state.descriptors[subject] as Descriptor;
  switch (thread.step) {
    case 'wait':
      if (!descriptor.armed || !descriptor.news) return false;
      descriptor.news = false;
      if (discipline.oneShot) descriptor.armed = false;
      if (discipline.oneShot && discipline.again === 'before') register(descriptor, discipline);
      Object.assign(thread, { step: 'handle', descriptor: event });
      return true;
    case 'handle':
      // One read; the last of them finds nothing.
      if (descriptor.unread > 0) descriptor.unread--;
      else thread.step = discipline.oneShot && discipline.again === 'behind' ? 'register' : 'wait';
      return true;
    case 'register':
      register(descriptor, discipline);
      thread.step = 'wait';
      return true;
  }
}

function arrived(descriptor: Descriptor): boolean {
  if (descriptor.coming === 0) return false;
  descriptor.coming--;
  descriptor.unread++;
  if (descriptor.armed) descriptor.news = true;
  return true;
}

/** All states that can follow. */
function* following(state: State, discipline: Discipline): Generator<State> {
  for (let subject = 0; subject < DESCRIPTORS; subject++) {
    const next = structuredClone(state);
    if (arrived(next.descriptors[subject] as Descriptor)) yield next;
  }
  for (const [place, { step }] of state.threads.entries()) {
    for (let event = 0; event < (step === 'wait' ? DESCRIPTORS : 1); event++) {
      const next = structuredClone(state);
      if (stepped(next, place, event, discipline)) yield next;
    }
  }
}

/** What goes wrong first, if anything can; and how many states there are. */
function explore(discipline: Discipline): { wrong: string; states: number } {
  const first: State = {
    descriptors: Array.from({ length: DESCRIPTORS }, () => ({
      ...{ unread: 0, coming: ARRIVALS, armed: true, news: false },
    })),
    threads: Array.from({ length: THREADS }, () => ({ step: 'wait', descriptor: 0 })),
  };
  const seen = new Set([JSON.stringify(first)]);
  const open = [first];
  for (let state = open.pop(); state; state = open.pop()) {
    const handled = state.threads.filter(({ step }) => step === 'handle');
    const subjects = new Set(handled.map(({ descriptor }) => descriptor));
    if (subjects.size < handled.length) return { wrong: 'two handlers at once', states: seen.size };
    let ends = true;
    for (const next of following(state, discipline)) {
      ends = false;
      const key = JSON.stringify(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
    const forgotten = state.descriptors.some(({ unread }) => unread > 0);
    if (ends && forgotten) return { wrong: 'bytes that nobody reads', states: seen.size };
  }
  return { wrong: '', states: seen.size };
}

test('R0.21: one-shot, registered behind the handler: never two at once, nothing is forgotten', () => {
  const { wrong, states } = explore(RIGHT);
  expect(wrong).toBe('');
  expect(states).toBeGreaterThan(1000);
});

test.each([
  ['edges without one-shot', { ...RIGHT, oneShot: false }, 'two handlers at once'],
  ['registered before the handler', { ...RIGHT, again: 'before' as const }, 'two handlers at once'],
  ['registered without a look', { ...RIGHT, looks: false }, 'bytes that nobody reads'],
])('R0.21: the search finds what is wrong with %s', (_, discipline, wrong) => {
  expect(explore(discipline).wrong).toBe(wrong);
});
