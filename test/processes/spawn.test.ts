// Child processes, on every host.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  type Command,
  type Connection,
  chooseHost,
  type Process,
  type ProcessEnd,
  type Reactor,
  type SpawnHandlers,
} from '../../src';
import { limits, testWith } from '../support/commands';
import { forOneHost, promised } from '../support/conformance';
import { endPrograms, start } from '../support/program';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const shell = (script: string, more: Partial<Command> = {}): Command => ({
  file: 'sh',
  args: ['-c', script],
  ...more,
});

interface Outcome {
  readonly end: ProcessEnd | undefined;
  readonly out: string;
  readonly error: string;
  /** What failed, by name. */
  readonly errors: string[];
}

/** Runs a command to its end: the process closed, and every stream. */
function run(reactor: Reactor, command: Command, input?: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const texts = { out: '', error: '' };
    const errors: string[] = [];
    let end: ProcessEnd | undefined;
    let open = 0;
    const done = (): void => {
      if (--open === 0) resolve({ end, ...texts, errors });
    };
    const handlers: SpawnHandlers = {
      exit: (_, told) => {
        end = told;
      },
      error: (_, { code }: Error & { code?: string }) => void errors.push(`process ${code}`),
      close: done,
      streams: {
        data(connection, bytes) {
          texts[connection === child.stdout ? 'out' : 'error'] += Buffer.from(bytes).toString();
        },
        error: (_, { code }: Error & { code?: string }) => void errors.push(`stream ${code}`),
        close: done,
      },
    };
    const child: Process = reactor.spawn(command, handlers);
    open = 1 + [child.stdin, child.stdout, child.stderr].filter(Boolean).length;
    child.stdin?.end(input ?? '');
  });
}

const EXITED = { code: 0, signal: null, known: true };
const held = (): number => readdirSync('/proc/self/fd').length;

afterEach(endPrograms);

forOneHost('processes', (bench) => {
  const native = bench.host !== 'node';

  test('what a child reads, writes and answers comes through pipes', async () => {
    const command = shell('cat; echo trouble >&2; exit 7');
    expect(await run(bench.reactor(), command, 'through the child')).toEqual({
      end: { code: 7, signal: null, known: true },
      out: 'through the child',
      error: 'trouble\n',
      errors: [],
    });
  });

  test('arguments, variables and folder are those of the command', async () => {
    const command = shell('printf "%s|" "$1" "$2" "$MARK" "$HOME" "$PWD"', {
      env: { MARK: 'ä b', PATH: process.env.PATH },
      cwd: '/tmp',
    });
    const args = [...(command.args ?? []), 'sh', '', 'a  "b"\n'];
    const { out, end } = await run(bench.reactor(), { ...command, args });
    expect(out).toBe('|a  "b"\n|ä b||/tmp|');
    expect(end).toEqual(EXITED);
  });

  test('without variables of its own a child has ours', async () => {
    const { out } = await run(bench.reactor(), shell('printf %s "$PATH"'));
    expect(out).toBe(process.env.PATH);
  });

  test('a stream that is ignored reads the end and takes all', async () => {
    const command = shell('cat; echo lost; echo lost >&2', { stdin: 'ignore', stdout: 'ignore' });
    const outcome = await run(bench.reactor(), { ...command, stderr: 'ignore' });
    expect(outcome).toEqual({ end: EXITED, out: '', error: '', errors: [] });
  });

  test('a command that does not exist fails with ENOENT, and nothing is left behind', async () => {
    const reactor = bench.reactor();
    await run(reactor, { file: 'true' });
    const before = held();
    for (const file of ['no-such-command-here', '/no/such/command']) {
      const { end, errors } = await run(reactor, { file });
      expect(errors).toEqual(['process ENOENT']);
      expect(end).toBeUndefined();
    }
    const { errors } = await run(reactor, { file: 'true', cwd: '/no/such/folder' });
    expect(errors).toEqual(['process ENOENT']);
    expect((await run(reactor, { file: '/tmp' })).errors).toEqual(['process EACCES']);
    expect(held()).toBe(before);
  });

  testWith(limits, 'prlimit')(
    'out of descriptors: EMFILE by name, and the others run',
    async () => {
      const program = start('faults/programs/many-children.mjs', {
        parameters: [bench.host],
        through: ['prlimit', '--nofile=64:64'],
      });
      const outcomes = await program.next<Record<string, number>>();
      expect(Object.keys(outcomes).sort()).toEqual(['EMFILE', 'exit 0']);
      expect((outcomes.EMFILE as number) + (outcomes['exit 0'] as number)).toBe(50);
    },
  );

  test('a child that is killed says by which signal; kill() reaches nobody afterwards', async () => {
    const ended = promised<ProcessEnd>();
    const closed = promised();
    const child = bench.reactor().spawn(shell('exec sleep 60', { stdin: 'ignore' }), {
      exit: (_, end) => ended.resolve(end),
      close: () => closed.resolve(),
    });
    await child.ready();
    expect(child.pid).toBeGreaterThan(0);
    await child.kill(0);
    await child.kill('SIGTERM');
    expect(await ended.promise).toEqual({ code: null, signal: 'SIGTERM', known: true });
    await closed.promise;
    await expect(child.kill('SIGTERM')).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
    await expect(child.kill('SIGNONE')).rejects.toMatchObject({ code: 'ERR_CALANDRIA_BAD_OPTION' });
  });

  test('R0.10: of 200 children that end at once every end is told', async () => {
    const reactor = bench.reactor();
    await run(reactor, { file: 'true' });
    const before = held();
    const children = Array.from({ length: 200 }, (_, number) =>
      run(
        reactor,
        shell(`read line; exit ${number % 100}`, { stdout: 'ignore', stderr: 'ignore' }),
        '\n',
      ),
    );
    const outcomes = await Promise.all(children);
    expect(outcomes.map(({ end }) => end)).toEqual(
      outcomes.map((_, number) => ({ code: number % 100, signal: null, known: true })),
    );
    expect(outcomes.flatMap(({ errors }) => errors)).toEqual([]);
    expect(held()).toBe(before);
  });

  test('the pipe to a child that has ended closes without being asked', async () => {
    const reactor = bench.reactor();
    const closed = promised<Connection>();
    const errors: unknown[] = [];
    const child = reactor.spawn(shell('exit 0', { stdout: 'ignore', stderr: 'ignore' }), {
      streams: { close: closed.resolve, error: (_, error) => void errors.push(error) },
    });
    expect(await closed.promise).toBe(child.stdin);
    expect(errors).toEqual([]);
  });

  test('10 MiB from a child arrive as they are', async () => {
    const sum = createHash('sha256');
    const ended = promised();
    const lines = 1_500_000;
    const child = bench.reactor().spawn(
      { file: 'seq', args: [String(lines)], stdin: 'ignore' },
      {
        streams: {
          data(connection, bytes) {
            if (connection === child.stdout) sum.update(bytes);
          },
          close(connection) {
            if (connection === child.stdout) ended.resolve();
          },
        },
      },
    );
    await ended.promise;
    const expected = createHash('sha256');
    let text = '';
    for (let line = 1; line <= lines; line++) {
      text += `${line}\n`;
      if (text.length > 1 << 20 || line === lines) {
        expected.update(text);
        text = '';
      }
    }
    expect(sum.digest('hex')).toBe(expected.digest('hex'));
  });

  test('R0.2: a child that reads no more fails the pipe to it with EPIPE, once', async () => {
    const errors: string[] = [];
    const closed = promised<Connection>();
    const child = bench.reactor().spawn(shell('read line; exec sleep 60 <&-'), {
      streams: {
        drain: (connection) => void connection.write('more'.repeat(1000)),
        error: (_, { code }: Error & { code?: string }) => void errors.push(String(code)),
        close(connection) {
          if (connection === child.stdin) closed.resolve(connection);
        },
      },
    });
    const stdin = child.stdin as Connection;
    stdin.write('line\n');
    while (stdin.write('more'.repeat(1000)));
    await closed.promise;
    expect(errors).toEqual(['EPIPE']);
    if (native) expect(stdin.tx.error).toBe(32);
    await child.kill('SIGKILL');
  });

  test('a child that nobody watches any more is no zombie for ever', async () => {
    const reactor = bench.reactor();
    const closed = promised();
    const child = reactor.spawn(shell('read line', { stdout: 'ignore', stderr: 'ignore' }), {
      open: (process) => process.close(),
      close: () => closed.resolve(),
    });
    await closed.promise;
    const state = (): string => {
      try {
        return readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.[0] as string;
      } catch {
        return 'gone';
      }
    };
    expect(['R', 'S']).toContain(state());
    child.stdin?.end('\n');
    while (!['Z', 'gone'].includes(state())) {
      await new Promise<void>((resolve) => reactor.setTimer(1, () => resolve()));
    }
    await run(reactor, { file: 'true' });
    expect(state()).toBe('gone');
  });

  test('both replays of a program that spawns are identical, and start nothing', async () => {
    const { file, reactor } = startRecording({ host: chooseHost(bench.host) });
    let told: unknown[] = [];
    const program = (again: Reactor, done = () => {}): void => {
      let open = 4;
      const over = (): void => {
        if (--open === 0) done();
      };
      const child = again.spawn(shell('read line; echo "$line" $$; exit 3'), {
        open: ({ pid }) => void told.push(typeof pid),
        exit: (_, end) => void told.push(end),
        close: over,
        streams: {
          data(connection, bytes) {
            told.push(Buffer.from(bytes).toString());
            connection.destroy();
          },
          close: over,
        },
      });
      child.stdin?.end('a line\n');
    };
    await new Promise<void>((resolve) => program(reactor, () => setImmediate(resolve)));
    await reactor.close();
    const recorded = told;
    expect(recorded).toHaveLength(3);
    told = [];
    expect(await replayBoth(file, (again) => program(again))).toEqual(IDENTICAL);
    expect(told).toEqual(recorded);
  });
});
