// Handlers that fail.
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

interface Report {
  readonly errors: { message: string; stack: string }[];
  readonly heard: string[];
}

describe('a handler that fails', () => {
  test.each(['throw', 'reject', 'throw-later'])(
    '%s: its connection is destroyed, the turn goes on, uncaughtException sees the error',
    async (way) => {
      const program = start('faults/programs/throw.mjs', { parameters: [way] });
      const { port } = await program.next<{ port: number }>();
      const victim = await dial(port);
      await program.next();
      const other = await dial(port);
      await program.next();
      // Both have bytes waiting before either is read: the same turn delivers both.
      await Promise.all([victim.write('fail'), other.write('fine')]);
      await program.next();
      expect(String(await other.receive(4))).toBe('fine');
      await victim.ended;
      expect(String(victim.received)).toBe('');
      program.send({ report: true });
      const { errors, heard } = await program.next<Report>();
      expect(errors).toHaveLength(1);
      expect(errors[0]?.message).toBe('the handler failed');
      // The stack leads to the handler, not into the reactor.
      expect(errors[0]?.stack).toContain('throw.mjs');
      expect(heard).toEqual(['data fail', 'data fine', 'close fail']);
      await other.write('more');
      expect(String(await other.receive(8))).toBe('finemore');
    },
  );

  test('without uncaughtException the process ends, with the stack of the handler', async () => {
    const program = start('faults/programs/throw.mjs', { parameters: ['throw', 'unwatched'] });
    const { port } = await program.next<{ port: number }>();
    const victim = await dial(port);
    const other = await dial(port);
    await Promise.all([program.next(), program.next()]);
    await Promise.all([victim.write('fail'), other.write('fine')]);
    const { code, stderr } = await program.ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain('the handler failed');
    expect(stderr).toContain('throw.mjs');
  });

  test.each(['open', 'change', 'drain', 'end', 'error', 'close', 'timer', 'listening'])(
    'a throw from %s is seen once, and the reactor serves on',
    async (place) => {
      const program = start('faults/programs/throw-anywhere.mjs', { parameters: [place] });
      const { errors, served } = await program.next<{ errors: string[]; served: string }>();
      expect(errors).toEqual([`from ${place}`]);
      expect(served).toBe('served');
      expect((await program.ended).code).toBe(0);
    },
  );

  test.each(['epoll', 'node'])(
    'on %s the turn of a throw ends after its own microtasks, and replays the same',
    async (host) => {
      const program = start('faults/programs/throw-and-replay.mjs', { parameters: [host] });
      expect(await program.next()).toEqual({
        thrown: ['boom'],
        core: 'identical',
        verdict: 'identical',
        replayed: 1,
      });
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    },
  );
});
