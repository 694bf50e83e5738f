// Ends that nobody announced.
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

describe('teardown', () => {
  test('workers terminated while they serve send nothing twice and leave no descriptor', async () => {
    const program = start('faults/programs/workers.mjs');
    const { echoed, wrong, first, last } = await program.next<Record<string, number>>();
    expect(echoed).toBeGreaterThan(0);
    expect(wrong).toBe(0);
    expect(last).toBeLessThanOrEqual(first as number);
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test.each(['exit', 'tick', 'close', 'close and exit'])(
    'the process may end inside a handler: %s',
    async (way) => {
      const program = start('faults/programs/exit-inside.mjs', { parameters: [way] });
      const { port } = await program.next<{ port: number }>();
      const peer = await dial(port);
      await peer.write('the end');
      expect(await program.ended).toMatchObject({ code: 7, signal: null, stderr: '' });
      await peer.ended;
    },
  );
});
