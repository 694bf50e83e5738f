// Signals as records, on a host of each kind.
import { chooseHost, createReactor, type SignalWatch } from '../../src';
import { countedBy, kinds } from '../support/conformance';
import { start } from '../support/program';
import { traceFile } from '../support/recording';
import '../support/tidy-up';

describe.each(kinds.slice(0, 1))('signals ($name)', ({ name: host }) => {
  /** What the scene says; the program has to end by itself afterwards. */
  async function play<Result>(scene: string, ...more: string[]): Promise<Result> {
    const program = start('signals/programs/signals.mjs', { parameters: [host, scene, ...more] });
    const result = await program.next<Result>();
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    return result;
  }

  test('R0.4: ten signals sent while the loop is held come as one event that says so', async () => {
    const event = await play<{ signal: string; count: number; coalesced: boolean }>('held');
    expect(event).toMatchObject({ signal: 'SIGUSR1', coalesced: true });
    expect(event.count).toBeGreaterThanOrEqual(1);
    expect(event.count).toBeLessThanOrEqual(10);
  });

  test('R0.4: both replays hear the same counts, and nobody sends a signal', async () => {
    const { heard, again, core, program } = await play<Record<string, unknown>>(
      'replay',
      traceFile(),
    );
    expect({ core, program }).toEqual({ core: 'identical', program: 'identical' });
    expect((heard as unknown[]).at(-1)).toBe('close');
    expect(again).toEqual(heard);
  });

  test('a signal that comes alone is not coalesced', async () => {
    expect(await play('alone')).toEqual({
      ...{ signal: 'SIGUSR2', count: 1, coalesced: false },
      name: 'SIGUSR2',
    });
  });

  test('the program hears the same signal by process.on()', async () => {
    expect(await play('beside')).toEqual({ theirs: 'heard', ours: 1 });
  });

  test('two watches of one signal both hear of it', async () => {
    expect(await play('twice')).toEqual([1, 1]);
  });

  test('for await brings the same events, and leaving it closes the watch', async () => {
    expect(await play('iterate')).toEqual({
      seen: [{ signal: 'SIGWINCH', count: 1, coalesced: false }],
      closed: true,
    });
  });

  test('R1.13: available counts the signals that nobody has taken', async () => {
    const { count, available, exactness } = await play<Record<string, number>>('count');
    expect(available).toBeGreaterThanOrEqual(count as number);
    expect(available).toBeLessThanOrEqual(3);
    expect(exactness).toBe(countedBy(chooseHost(host)));
  });

  test('R3.11: no handler stays behind, and no descriptor, when watches are closed', async () => {
    const { first, last } = await play<Record<string, { held: number; caught: string }>>('many');
    expect(last).toEqual(first);
    // SIGWINCH is 28.
    expect((BigInt(`0x${last?.caught}`) >> 27n) & 1n).toBe(0n);
  });

  test('a reactor in a worker hears of signals too, or says that it cannot', async () => {
    const heard = host === 'node' ? ['EOPNOTSUPP', 'EOPNOTSUPP'] : [1, 1];
    expect(await play('workers')).toEqual(heard);
  });

  test('a storm of 100,000 signals is heard, merged, and over when it is over', async () => {
    const storm = await play<Record<string, number>>('storm');
    expect(storm.count).toBeGreaterThanOrEqual(1);
    expect(storm.count).toBeLessThanOrEqual(100_000);
    expect(storm.coalesced).toBeGreaterThanOrEqual(1);
    // A turn for each timer, and none for anything else: nothing spins.
    expect(storm.idle).toBeLessThan(10);
    expect(storm.grown).toBeLessThan(64 << 20);
  });
});

describe('signals', () => {
  test('what cannot be watched is refused by name', async () => {
    const reactor = createReactor();
    const watch = (signal: string | number) => (): SignalWatch => reactor.watchSignal(signal, {});
    for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGNONE', '', 0, 32, 65, 1.5]) {
      expect(watch(signal)).toThrow(expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' }));
    }
    expect(watch('SIGKILL')).toThrow(/SIGKILL cannot be watched/);
    expect(watch('SIGNONE')).toThrow(/no signal "SIGNONE"/);
    expect(() => reactor.watchSignal('SIGHUP', { signal: 1 } as never)).toThrow(
      /handlers.signal must be a function/,
    );
    await reactor.close();
  });
});
