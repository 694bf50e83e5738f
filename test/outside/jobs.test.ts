// Jobs outside of the loop: their outcomes are events of it.
import { createOutside } from '../../src/outside';
import { forOneHost, pattern, promised } from '../support/conformance';
import { endPrograms, start } from '../support/program';

forOneHost('jobs', (bench) => {
  afterEach(endPrograms);

  test('an outcome is an event: it arrives in a later turn, and calls made then belong to it', async () => {
    const reactor = bench.reactor();
    const outside = createOutside(reactor);
    const turns = await new Promise<number[]>((resolve) => {
      reactor.setTimer(0, async () => {
        const started = reactor.turn;
        expect(await outside.run('add', () => 1 + 1)).toBe(2);
        const heard = reactor.turn;
        await Promise.resolve();
        resolve([started, heard, reactor.turn]);
      });
    });
    expect(turns[1]).toBeGreaterThan(turns[0] as number);
    expect(turns[2]).toBe(turns[1]);
    expect(outside.underWay).toBe(0);
  });

  test('values come as structured clones, of any size, several at once', async () => {
    const outside = createOutside(bench.reactor(), { capacity: 1 << 16 });
    const large = pattern(3_000_000);
    const value = { map: new Map([[1, new Date(0)]]), big: 2n ** 70n, nothing: undefined };
    const [first, second, third, small] = await Promise.all([
      outside.run('large', () => large),
      outside.run('value', async () => value),
      outside.run('large again', () => Promise.resolve(large.subarray(1))),
      outside.run('nothing', () => undefined),
    ]);
    expect(large.equals(first)).toBe(true);
    expect(large.subarray(1).equals(third)).toBe(true);
    expect(second).toEqual(value);
    expect(second).not.toBe(value);
    expect(small).toBeUndefined();
  });

  test('errors are carried over by name, code and message, with their cause', async () => {
    const outside = createOutside(bench.reactor());
    const fail = (error: unknown): Promise<unknown> =>
      outside.run('fail', () => Promise.reject(error)).catch((rejected) => rejected);
    const cause = Object.assign(new RangeError('too far'), { code: 'ERR_FAR', at: 7, also: {} });
    const carried = (await fail(new TypeError('no', { cause }))) as TypeError & { cause: Error };
    expect([carried.name, carried.message, carried instanceof TypeError]).toEqual([
      'TypeError',
      'no',
      true,
    ]);
    expect(carried.cause).toMatchObject({ name: 'RangeError', code: 'ERR_FAR', at: 7 });
    expect(Object.keys(carried.cause)).toEqual(['code', 'at']);
    expect(await fail(new DOMException('enough', 'AbortError'))).toMatchObject({
      name: 'AbortError',
      message: 'enough',
    });
    expect(await fail('a text')).toBe('a text');
    const thrown = outside.run('throw', () => {
      throw new SyntaxError('at once');
    });
    await expect(thrown).rejects.toMatchObject({ name: 'SyntaxError', message: 'at once' });
  });

  test('what cannot be cloned is an error and not a silence', async () => {
    const outside = createOutside(bench.reactor());
    const uncloneable = /could not be cloned/;
    await expect(outside.run('function', () => () => 1)).rejects.toThrow(uncloneable);
    const thrown = outside.run('symbol', () => Promise.reject(Symbol('x')));
    await expect(thrown).rejects.toThrow(uncloneable);
  });

  test('jobs under way are bounded, by name, and those that ended make room', async () => {
    const outside = createOutside(bench.reactor(), { jobs: 2 });
    const held = promised<string>();
    const first = outside.run('first', () => held.promise);
    const second = outside.run('second', () => held.promise);
    await expect(outside.run('third', () => 3)).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_LIMIT',
      message: '2 jobs are under way already (jobs): third',
    });
    held.resolve('ended');
    expect(await Promise.all([first, second])).toEqual(['ended', 'ended']);
    expect(await outside.run('third', () => 3)).toBe(3);
  });

  test('closing the reactor rejects what is open, and what is asked for later', async () => {
    const reactor = bench.reactor();
    const outside = createOutside(reactor);
    const held = promised();
    const open = outside.run('open', () => held.promise);
    const heard = expect(open).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
    await reactor.close();
    await heard;
    expect(outside.closed).toBe(true);
    held.resolve();
    const late = outside.run('late', () => 1);
    await expect(late).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
  });

  test('an aborted job rejects with the reason, and counts until its outcome is here', async () => {
    const outside = createOutside(bench.reactor(), { jobs: 1 });
    const held = promised<number>();
    const abort = new AbortController();
    const { signal } = abort;
    let given: AbortSignal | undefined;
    const job = (signal?: AbortSignal): Promise<number> => {
      given = signal;
      return held.promise;
    };
    const aborted = outside.run('aborted', job, { signal });
    expect(given).toBe(signal);
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(outside.run('next', () => 1)).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_LIMIT',
    });
    await expect(outside.run('never', () => 1, { signal })).rejects.toThrow('enough');
    expect(outside.underWay).toBe(1);
    held.resolve(1);
    while (outside.underWay > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await outside.run('next', () => 2)).toBe(2);
  });

  test('a job keeps the process alive, unless it is told not to; the wall clock never does', async () => {
    const program = start('outside/programs/unref.cjs', { parameters: [bench.host, 'false'] });
    expect(await program.ended).toMatchObject({
      ...{ code: 0, stdout: 'true\nnothing else to do\nexit\n', stderr: '' },
    });
    const held = start('outside/programs/unref.cjs', { parameters: [bench.host, 'true'] });
    const ended = held.ended.then(({ stdout }) => stdout);
    const waited = new Promise((resolve) => setTimeout(resolve, 500, 'still running'));
    expect(await Promise.race([ended, waited])).toBe('still running');
  });

  test('who waits for the wall clock keeps the process alive until it is there', async () => {
    const program = start('outside/programs/ready.cjs', { parameters: [bench.host] });
    expect(await program.ended).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' });
  });

  test('arguments that cannot be are refused by name', async () => {
    const reactor = bench.reactor();
    const bad = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' });
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const jobs of [0, 1.5, 65_537]) {
      expect(() => createOutside(reactor, { jobs })).toThrow(bad);
    }
    expect(() => createOutside(reactor, { capacity: 1000 })).toThrow(bad);
    expect(() => createOutside(reactor, { jobs: '1' as never })).toThrow(wrong);
    expect(() => createOutside(undefined as never)).toThrow(wrong);
    const outside = createOutside(reactor);
    expect(() => outside.run(1 as never, () => 1)).toThrow(wrong);
    expect(() => outside.run('a', 1 as never)).toThrow(wrong);
    expect(() => outside.run('a', () => 1, { ref: 1 as never })).toThrow(wrong);
    expect(() => outside.run('a', () => 1, { signal: {} as never })).toThrow(wrong);
  });
});
