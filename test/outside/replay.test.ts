// Outcomes of jobs are input: a replay has them from the trace and runs no job.
import { epoll, type Host, node, openTrace, type Reactor, replayProgram } from '../../src';
import { createOutside, type Outside, WallClock, wallClock } from '../../src/outside';
import { pattern } from '../support/conformance';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

type Ending = (reactor: Reactor) => Promise<void>;

/** The program, with an end that is its own call. */
function ending(program: Ending): Ending {
  return async (reactor) => {
    await program(reactor);
    await reactor.close();
  };
}

describe.each<[string, () => Host]>([
  ['epoll', epoll],
  ['node', node],
])('jobs on %s', (_, host) => {
  /** Records a program that closes its reactor. */
  async function recorded(program: Ending): Promise<string> {
    const { file, reactor } = startRecording({ host: host() });
    await program(reactor);
    return file;
  }

  test('outcomes and errors are the same in both replays, and no job runs', async () => {
    const large = pattern(100_000);
    let runs = 0;
    const heard: string[] = [];
    const program = ending(async (reactor) => {
      const outside = createOutside(reactor, { capacity: 1 << 16 });
      const job = <Value>(value: Value): Promise<Value> =>
        outside.run('job', () => {
          runs++;
          return value;
        });
      const failing = outside.run('fail', () => {
        runs++;
        throw Object.assign(new Error('it did not work'), { code: 'EIO' });
      });
      const [first, bytes, error] = await Promise.all([
        job(Math.random()),
        job(large),
        failing.catch((error) => error),
      ]);
      heard.push(`${reactor.turn} ${first} ${large.equals(bytes)} ${error.code} ${error.message}`);
      // Which value comes decides what is called.
      await new Promise<void>((resolve) => {
        reactor.setTimer(Math.floor(first * 10), () => resolve());
      });
    });
    const file = await recorded(program);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(runs).toBe(3);
    expect(heard[1]).toBe(heard[0]);
    expect(heard[0]).toMatch(/ true EIO it did not work$/);
  });

  test('jobs that are started from outside of a turn keep their numbers', async () => {
    const program = ending(async (reactor) => {
      const outside = createOutside(reactor);
      for (let job = 0; job < 5; job++) {
        await new Promise((resolve) => setTimeout(resolve, 5 - job));
        const value = await outside.run(`job ${job}`, () => job * 2);
        expect(value).toBe(job * 2);
        reactor.random();
      }
    });
    const file = await recorded(program);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('a program that asks for another job than the recording has is told so', async () => {
    const asking = (name: string, caught: unknown[]): Ending =>
      ending(async (reactor) => {
        await createOutside(reactor)
          .run(name, () => 1)
          .catch((error) => caught.push(error));
      });
    const file = await recorded(asking('one', []));
    const caught: unknown[] = [];
    await replayProgram(openTrace(file), asking('another', caught));
    expect(caught).toEqual([
      expect.objectContaining({
        code: 'ERR_CALANDRIA_DIVERGED',
        message:
          'The program asks for the job "another", and the recording has the outcome of "one".',
      }),
    ]);
  });

  test('the wall clock reads the same in both replays, a minute later too', async () => {
    const told: (number | undefined)[][] = [];
    const program = ending(async (reactor) => {
      const wall = wallClock(createOutside(reactor));
      const times: (number | undefined)[] = [wall.now];
      told.push(times);
      await wall.ready();
      for (let look = 0; look < 5; look++) {
        times.push(wall.now);
        await new Promise<void>((resolve) => {
          reactor.setTimer(3, () => resolve());
        });
      }
    });
    const began = Date.now();
    const file = await recorded(program);
    const ended = Date.now();
    const real = Date.now;
    Date.now = () => real() + 60_000;
    try {
      expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    } finally {
      Date.now = real;
    }
    const [first, second] = told;
    expect(second).toEqual(first);
    const [before, ...times] = first as number[];
    expect(before).toBeUndefined();
    expect(times.length).toBe(5);
    for (const time of times) expect(time >= began && time <= ended).toBe(true);
  });
});

/** A reactor whose time is the test's, and an outside whose readings are. */
function clockwork(): {
  wall: ReturnType<typeof wallClock>;
  pass(ms: number): void;
  read: Reading;
} {
  const reactor = { now: 0 };
  const read: Reading = { wall: 1_000_000, asked: 0, answers: [] };
  const outside = {
    reactor,
    closed: false,
    run: () => {
      read.asked++;
      return new Promise((resolve, reject) => {
        read.answers.push({ answer: () => resolve(read.wall), refuse: reject });
      });
    },
  };
  return {
    wall: new WallClock(outside as unknown as Outside),
    pass(ms) {
      reactor.now += ms;
      read.wall += ms;
    },
    read,
  };
}

interface Reading {
  wall: number;
  asked: number;
  answers: { answer(): void; refuse(error: Error): void }[];
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('wall clock', () => {
  test('is read once at first, and then when somebody asks and the last reading is a second old', async () => {
    const { wall, pass, read } = clockwork();
    expect(wall.now).toBeUndefined();
    expect(read.asked).toBe(1);
    read.answers[0]?.answer();
    await wall.ready();
    expect(wall.now).toBe(1_000_000);
    pass(999);
    expect(wall.now).toBe(1_000_999);
    await settled();
    expect(read.asked).toBe(1);
    pass(10_000);
    expect(read.asked).toBe(1);
    for (let look = 0; look < 3; look++) expect(wall.now).toBe(1_010_999);
    expect(read.asked).toBe(2);
  });

  test('does not jitter with the time that readings take, and follows when the clock is set', async () => {
    const { wall, pass, read } = clockwork();
    pass(3);
    read.answers[0]?.answer();
    await wall.ready();
    // The reading took up to 3 ms: the clock is as late as it can be.
    expect(wall.now).toBe(1_000_003);
    for (const late of [20, 5, 0]) {
      pass(1000);
      const before = wall.now;
      const reading = read.wall;
      pass(late);
      const { wall: now } = read;
      read.wall = reading;
      read.answers.at(-1)?.answer();
      await settled();
      read.wall = now;
      expect(wall.now).toBe((before as number) + late);
    }
    pass(1000);
    read.wall -= 500_000;
    expect(wall.now).toBeGreaterThan(read.wall);
    read.answers.at(-1)?.answer();
    await settled();
    expect(wall.now).toBe(read.wall);
  });

  test('goes on with the last reading when there is no room for another job', async () => {
    const { wall, pass, read } = clockwork();
    read.answers[0]?.answer();
    await wall.ready();
    pass(1000);
    expect(wall.now).toBe(1_001_000);
    read.answers[1]?.refuse(new Error('too many'));
    await settled();
    pass(500);
    expect(wall.now).toBe(1_001_500);
    expect(read.asked).toBe(2);
    pass(500);
    expect(wall.now).toBe(1_002_000);
    expect(read.asked).toBe(3);
  });
});
