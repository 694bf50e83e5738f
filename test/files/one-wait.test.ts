// One loop: files and sockets are waited for in one place, and that is libuv's.
import { readFileSync, writeFileSync } from 'node:fs';
import { testWith, traces } from '../support/commands';
import { pattern } from '../support/conformance';
import { freshFolder, writeToDisk } from '../support/folder';
import { endPrograms, start } from '../support/program';

const freshPath = freshFolder();
afterEach(endPrograms);

const WAITS = 'epoll_wait,epoll_pwait,epoll_pwait2,io_getevents,io_pgetevents,poll,ppoll,select';

testWith(traces, 'strace')(
  'R4.6: 500 reads past the page cache make one descriptor wait, and nothing else ever does',
  async () => {
    const path = freshPath();
    const log = `${path}.strace`;
    const bytes = pattern(1 << 20);
    writeToDisk(path, bytes);
    writeFileSync(`${path}.copy`, bytes);
    const program = start('files/programs/read.mjs', {
      parameters: [path, 'direct', 500],
      through: ['strace', '-f', '-qq', '-o', log, '-e', `trace=${WAITS},execve`],
    });
    const report = await program.next<{ right: number; pid: number }>();
    expect(report.right).toBe(500);
    program.send({ again: false });
    await program.ended;
    const lines = readFileSync(log, 'utf8').split('\n');
    const own = lines.filter((line) => line.startsWith(`${report.pid} `));
    const looks = own.filter((line) => /epoll_p?wait\d?\(/.test(line));
    // epoll_pwait(fd, events, most, timeout, …): everything but a timeout of 0 may sleep.
    const sleeping = looks.filter((line) => !/, 0, NULL, 8\)|, 0\) +=|, 0 <unfinished/.test(line));
    const sleepers = new Set(sleeping.map((line) => /wait\d?\((\d+),/.exec(line)?.[1]));
    expect(looks.length).toBeGreaterThan(10);
    expect(sleepers.size).toBe(1);
    // Completions are taken, not waited for: from the ring itself, or with a least number of 0.
    const taking = own.filter((line) => /io_p?getevents\(/.test(line));
    expect(taking.filter((line) => !/io_p?getevents\(\w+, 0, /.test(line))).toEqual([]);
    expect(own.filter((line) => /\bp?(poll|select)\(/.test(line) && !/, 0\)/.test(line))).toEqual(
      [],
    );
  },
);
