// A model of an inbox: producers, the host that drains the ring, and the core's rule for when it
// asks again, as single accesses to what threads share. explore() runs them in every order.
//
// It says what src/inbox/ring.ts, src/inbox/outbox.ts and host/inbox.cc do, access by access; a
// flaw can be switched on, to see that the model would find it.

export interface Model {
  /** Posts of each producer. One that finds the ring full waits for room. */
  readonly posts: readonly number[];
  /** Posts that the ring holds, and posts that one receive has room for. */
  readonly capacity: number;
  readonly room: number;
  /**
   * A producer may end anywhere but between reserving and completing a post. Then who waits for
   * room has to look again after a while, once: when nothing else moves.
   */
  readonly deaths: boolean;
  readonly flaw?: Flaw;
}

/** Two producers, and no room for more than one post. */
export const SMALL: Model = { posts: [2, 1], capacity: 1, room: 2, deaths: false };

export type Flaw =
  /** Falls asleep without another look at the ring. */
  | 'no second look'
  /** Answers "drained" when a post came behind the last one it took. */
  | 'stops too early'
  /** A producer takes the sleep away before it has woken the consumer. */
  | 'clears first'
  /** A producer takes away whichever sleep there is. */
  | 'clears any sleep'
  /** A producer that finds the ring full waits without another look. */
  | 'waits blindly'
  /** A producer that finds the ring full lets the consumer sleep. */
  | 'lets sleep';

interface Producer {
  at: string;
  /** The last look found no room. */
  full: boolean;
  /** It has looked again after a while. */
  again: boolean;
  left: number;
  slot: number;
  sleep: number;
  seen: number;
}

interface State {
  /** For each post 0, or who completed it, plus 1. */
  marks: number[];
  tail: number;
  sleep: number;
  epoch: number;
  edge: boolean;
  roomWord: number;
  waiting: number;
  at: string;
  ready: boolean;
  /** The last receive left room unused: the core waits for an edge. */
  drained: boolean;
  filled: number;
  producers: Producer[];
}

export interface Explored {
  readonly states: number;
  /** Ends in which something waits for ever. */
  readonly stuck: number;
}

export function explore(model: Model): Explored {
  const first: State = {
    marks: [],
    ...{ tail: 0, sleep: 1, epoch: 1, edge: false, roomWord: 0, waiting: 0 },
    ...{ at: 'poll', ready: false, drained: false, filled: 0 },
    producers: model.posts.map((left) => ({
      ...{ at: 'look', full: false, again: false, left, slot: 0, sleep: 0, seen: 0 },
    })),
  };
  const known = new Set([keyOf(first)]);
  const open = [first];
  let stuck = 0;
  for (let state = open.pop(); state; state = open.pop()) {
    const moves = steps(model, state);
    const next = moves.length > 0 || !model.deaths ? moves : timeouts(state);
    if (next.length === 0 && !finished(state)) stuck++;
    for (const each of model.deaths ? [...next, ...deaths(state)] : next) {
      const key = keyOf(each);
      if (known.has(key)) continue;
      known.add(key);
      open.push(each);
    }
  }
  return { states: known.size, stuck };
}

/**
 * What can still matter: of the words that only grow, whether a producer's copy is the present one;
 * of the posts, those that were not taken.
 */
function keyOf(state: State): string {
  const { marks, tail, sleep, edge, roomWord, waiting, at, ready, drained, filled } = state;
  const flags = [sleep !== 0, edge, ready, drained].map(Number).join('');
  const own = `${marks.slice(tail).join('')} ${flags} ${waiting} ${filled} ${at}`;
  return state.producers.reduce((key, each) => {
    const slot = each.at === 'complete' ? each.slot - tail : 0;
    const copies = `${Number(each.sleep === sleep)}${Number(each.seen === roomWord)}`;
    return `${key};${each.at} ${Number(each.full)}${Number(each.again)}${each.left} ${slot} ${copies}`;
  }, own);
}

/**
 * Nobody waits for room that is there, and everything complete was taken; but for what a producer
 * completed that ended before it woke anybody, which comes with the next post.
 */
function finished({ marks, tail, producers }: State): boolean {
  const left = marks.slice(tail);
  return (
    producers.every(({ at }) => at === 'done' || at === 'dead') &&
    left.every((owner) => owner > 0 && producers[owner - 1]?.at === 'dead')
  );
}

function changed(state: State, change: (copy: State) => void): State {
  const producers = state.producers.map((each) => ({ ...each }));
  const copy = { ...state, marks: [...state.marks], producers };
  change(copy);
  return copy;
}

function steps(model: Model, state: State): State[] {
  const next: State[] = [];
  if (state.at !== 'poll' || state.edge || state.ready || state.filled > 0) {
    next.push(changed(state, (copy) => consume(model, copy)));
  }
  for (const [place, { at }] of state.producers.entries()) {
    if (at === 'done' || at === 'dead' || at === 'blocked') continue;
    next.push(changed(state, (copy) => produce(model, copy, place)));
  }
  return next;
}

/** Of who waits for room. */
function timeouts(state: State): State[] {
  return state.producers.flatMap(({ at, again }, place) => {
    if (at !== 'blocked' || again) return [];
    return changed(state, ({ producers }) => {
      Object.assign(producers[place] as Producer, { at: 'resume', again: true });
    });
  });
}

/** Of any producer that is not between reserving and completing a post. */
function deaths(state: State): State[] {
  return state.producers.flatMap(({ at }, place) => {
    if (at === 'done' || at === 'dead' || at === 'complete') return [];
    return changed(state, ({ producers }) => {
      (producers[place] as Producer).at = 'dead';
    });
  });
}

/** One access of a producer: Outbox.postAll(). */
function produce({ capacity, flaw }: Model, state: State, place: number): void {
  const producer = state.producers[place] as Producer;
  const full = state.marks.length - state.tail >= capacity;
  /** The consumer is awake, or was woken. */
  const end = (): void => {
    if (producer.full) {
      producer.at = flaw === 'waits blindly' ? 'wait' : 'announce';
      return;
    }
    producer.left--;
    producer.at = producer.left === 0 ? 'done' : 'look';
  };
  switch (producer.at) {
    case 'look':
      producer.seen = state.roomWord;
      producer.at = 'reserve';
      return;
    case 'reserve':
      producer.full = full;
      if (full && flaw === 'lets sleep') return end();
      if (!full) producer.slot = state.marks.push(0) - 1;
      producer.at = full ? 'look at sleep' : 'complete';
      return;
    case 'complete':
      state.marks[producer.slot] = place + 1;
      producer.at = 'look at sleep';
      return;
    case 'look at sleep':
      producer.sleep = state.sleep;
      if (producer.sleep === 0) end();
      else producer.at = flaw === 'clears first' ? 'clear' : 'signal';
      return;
    case 'signal':
      state.edge = true;
      if (flaw === 'clears first') end();
      else producer.at = 'clear';
      return;
    case 'clear':
      if (state.sleep === producer.sleep || flaw === 'clears any sleep') state.sleep = 0;
      if (flaw === 'clears first') producer.at = 'signal';
      else end();
      return;
    case 'announce':
      state.waiting++;
      producer.at = 'fits';
      return;
    case 'fits':
      producer.at = full ? 'wait' : 'resume';
      return;
    case 'wait':
      // Atomics.wait compares and sleeps in one.
      producer.at = state.roomWord === producer.seen ? 'blocked' : 'resume';
      return;
    default:
      if (flaw !== 'waits blindly') state.waiting--;
      producer.at = 'look';
  }
}

/** One access of the consumer: the core's turn, then RECEIVE. */
function consume({ room, flaw }: Model, state: State): void {
  const complete = (state.marks[state.tail] ?? 0) > 0;
  switch (state.at) {
    case 'poll':
      // Completions first, then events: what came behind the receive is not forgotten.
      if (state.drained) state.ready = false;
      if (state.edge) state.ready = true;
      state.edge = false;
      state.drained = false;
      state.at = state.filled > 0 ? 'anybody waiting' : 'decide';
      state.filled = 0;
      return;
    case 'anybody waiting':
      state.at = state.waiting > 0 ? 'tell of room' : 'decide';
      return;
    case 'tell of room':
      state.roomWord++;
      state.at = 'notify';
      return;
    case 'notify':
      for (const producer of state.producers) {
        if (producer.at === 'blocked') producer.at = 'resume';
      }
      state.at = 'decide';
      return;
    case 'decide':
      state.at = state.ready ? 'wake up' : 'poll';
      return;
    case 'wake up':
      state.sleep = 0;
      state.at = 'take';
      return;
    case 'take': {
      // The marks are read one by one, and the tail moves behind them all.
      let taken = 0;
      while (state.filled + taken < room && (state.marks[state.tail + taken] ?? 0) > 0) taken++;
      state.tail += taken;
      state.filled += taken;
      state.at = state.filled === room ? 'poll' : 'look again';
      return;
    }
    case 'look again':
      if (complete && flaw === 'stops too early') {
        state.drained = true;
        state.at = 'poll';
      } else state.at = complete ? 'wake up' : 'fall asleep';
      return;
    case 'fall asleep':
      state.sleep = ++state.epoch;
      state.at = 'second look';
      return;
    default:
      if (complete && flaw !== 'no second look') state.at = 'wake up';
      else {
        state.drained = true;
        state.at = 'poll';
      }
  }
}
