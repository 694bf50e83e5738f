// calandria doctor: its report here, and its verdicts on machines that are made up.
import { checkMachine } from '../../src/cli/doctor-checks';
import type { Machine } from '../../src/cli/machine';
import { run } from './run';

/** A machine on which nothing bites. */
const ROOMY: Record<string, string> = {
  'sys/net/core/somaxconn': '4096',
  'sys/net/ipv4/tcp_max_syn_backlog': '2048',
  'sys/net/ipv4/tcp_syncookies': '0',
  'sys/net/ipv4/ip_local_port_range': '32768\t60999',
  'sys/fs/aio-max-nr': '1048576',
  'sys/fs/aio-nr': '0',
  'sys/kernel/io_uring_disabled': '0',
  'self/status': 'Name:\tnode\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000000',
};

function machine(proc: Record<string, string>, more: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    architecture: 'x64',
    nodeVersion: '20.19.0',
    openFiles: { soft: 65536, hard: 65536 },
    lockedMemory: { soft: 8 << 20, hard: 8 << 20 },
    proc: (path) => proc[path],
    ...more,
  };
}

function biting(given: Machine): string[] {
  return checkMachine(given)
    .filter(({ verdict }) => verdict === 'bites')
    .map(({ name }) => name);
}

describe('doctor', () => {
  it('prints one JSON object with hosts and limits; exits 1 when something bites', async () => {
    const { code, stdout } = await run(['doctor', '--json']);
    const report = JSON.parse(stdout);
    expect(code).toBe(report.findings.length > 0 ? 1 : 0);
    expect(report.hosts.map((host: { name: string }) => host.name)).toContain('node');
    expect(report.hosts.filter((host: { chosen: boolean }) => host.chosen)).toHaveLength(1);
    expect(report.limits.length).toBeGreaterThan(5);
    for (const limit of report.limits) {
      expect(limit.mend === '').toBe(limit.verdict !== 'bites');
    }
  });

  it('is plain text without escape sequences when it is piped', async () => {
    const { stdout } = await run(['doctor'], { FORCE_COLOR: '1' });
    expect(stdout).toContain('ulimit -n');
    expect(stdout).not.toContain('\x1b');
  });

  it('calls a host that is forced and does not exist a finding', async () => {
    const { code, stdout } = await run(['doctor'], { CALANDRIA_HOST: 'abacus' });
    expect(code).toBe(1);
    expect(stdout).toContain('"abacus"');
  });

  it('says how to build the native part when it is not there', async () => {
    const { stdout } = await run(['doctor', '--json'], {
      CALANDRIA_BINARY: '/nowhere/calandria.node',
    });
    const report = JSON.parse(stdout);
    expect(report.chosen).toBe('node');
    if (process.platform === 'linux') expect(report.findings).toContain('host epoll');
  });

  it('finds no fault with a machine for what other systems have', async () => {
    const { stdout } = await run(['doctor', '--json']);
    expect(JSON.parse(stdout).findings).not.toContain('host kqueue');
  });

  it('finds nothing on a roomy machine, nor on one without /proc', () => {
    expect(biting(machine(ROOMY))).toEqual([]);
    const elsewhere = { platform: 'darwin', openFiles: undefined, lockedMemory: undefined };
    expect(biting(machine({}, elsewhere))).toEqual([]);
  });

  it.each([
    ['net.core.somaxconn', 'sys/net/core/somaxconn', '128'],
    ['net.ipv4.tcp_max_syn_backlog', 'sys/net/ipv4/tcp_max_syn_backlog', '64'],
    ['net.ipv4.ip_local_port_range', 'sys/net/ipv4/ip_local_port_range', '60000 60999'],
    ['fs.aio-max-nr', 'sys/fs/aio-nr', '1048576'],
    ['kernel.io_uring_disabled', 'sys/kernel/io_uring_disabled', '2'],
    ['SIGPIPE', 'self/status', 'SigIgn:\t0000000000000000'],
  ])('%s bites when it is low, with a mend', (name, path, value) => {
    const checks = checkMachine(machine({ ...ROOMY, [path]: value }));
    const bites = checks.filter(({ verdict }) => verdict === 'bites');
    expect(bites.map((check) => check.name)).toEqual([name]);
    expect(bites[0]?.mend).not.toBe('');
  });

  it('ulimit -n and -l bite when they are low', () => {
    const openFiles = { soft: 1024, hard: 1024 };
    const lockedMemory = { soft: 65536, hard: 65536 };
    expect(biting(machine(ROOMY, { openFiles }))).toEqual(['ulimit -n']);
    expect(biting(machine(ROOMY, { lockedMemory }))).toEqual(['ulimit -l']);
    expect(biting(machine(ROOMY, { nodeVersion: '20.18.3' }))).toEqual(['Node']);
  });

  it('R4.17: names the call and the command when the soft limit is below the hard one', () => {
    const openFilesOf = (soft: number, hard: number) =>
      checkMachine(machine(ROOMY, { openFiles: { soft, hard } })).find(
        ({ name }) => name === 'ulimit -n',
      );
    const low = openFilesOf(1024, 65536);
    expect(low).toMatchObject({ verdict: 'bites', value: '1,024 soft, 65,536 hard' });
    expect(low?.mend).toBe('raiseFdLimit() in the program, or before it: ulimit -n 16448');
    expect(openFilesOf(20000, 65536)).toMatchObject({
      verdict: 'fine',
      meaning: expect.stringContaining('raiseFdLimit()'),
    });
    expect(openFilesOf(65536, 65536)?.meaning).not.toContain('raiseFdLimit');
  });

  it('R2.11: tells what SIGPIPE does', () => {
    const told = (status: string) =>
      checkMachine(machine({ ...ROOMY, 'self/status': status })).find(
        ({ name }) => name === 'SIGPIPE',
      )?.value;
    expect(told('SigIgn:\t0000000000001000\nSigCgt:\t0000000000000000')).toBe('ignored');
    expect(told('SigIgn:\t0000000000000000\nSigCgt:\t0000000000001000')).toBe('caught');
    expect(told('SigIgn:\t0000000000000000\nSigCgt:\t0000000180000000')).toBe('default');
    expect(told('')).toBe('-');
  });
});
