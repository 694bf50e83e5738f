// Nothing of ours reaches a program that this process executes.
import { nativeMissing } from '../../src/host/native';
import { testWith } from '../support/commands';
import { start } from '../support/program';
import '../support/tidy-up';

const CLOSE_ON_EXEC = 0o2000000;

interface Descriptor {
  readonly fd: string;
  readonly what: string;
  readonly flags: number;
}

interface Snapshot {
  readonly own: Descriptor[];
  readonly inherited: string[];
}

const onEpoll = testWith(nativeMissing('epoll') === '', 'epoll host');

onEpoll('R4.11: every descriptor of a reactor is closed on exec; a child gets none', async () => {
  const program = start('host/programs/descriptors.mjs');
  const { before, probed, after } = await program.next<{
    before: Snapshot;
    probed: Descriptor[];
    after: Snapshot;
  }>();
  expect(probed).toEqual(before.own);

  const known = new Set(before.own.map(({ fd }) => fd));
  const ours = after.own.filter(({ fd }) => !known.has(fd));
  // Two listeners, two connections with both their ends, a datagram socket; a file, a signal; the
  // notifier, its timer.
  expect(ours.filter(({ what }) => what.startsWith('socket:')).length).toBeGreaterThanOrEqual(7);
  expect(ours.filter(({ what }) => what === process.execPath)).toHaveLength(1);
  expect(ours.filter(({ what }) => what === 'anon_inode:[eventpoll]')).toHaveLength(1);
  expect(ours.filter(({ what }) => what === 'anon_inode:[timerfd]')).toHaveLength(1);
  expect(ours.filter(({ flags }) => (flags & CLOSE_ON_EXEC) === 0)).toEqual([]);

  // Standard input and output, and the listing itself: as many as before, and no socket more.
  const kinds = (lines: string[]) => lines.map((line) => line.replace(/\d+/g, 'n')).sort();
  expect(kinds(after.inherited)).toEqual(kinds(before.inherited));
});
