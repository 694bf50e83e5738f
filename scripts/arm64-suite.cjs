// What of the test suite runs on arm64, and what is left out and why: for scripts/arm64.mjs, and for
// the environment that it gives to jest.

/** Whole, where the processor may make a difference: what is compiled for it, what it is told by. */
const FOLDERS = [
  ...['core', 'host', 'outside', 'processes', 'protocols', 'reactor', 'signals', 'simulation'],
  ...['sources', 'streams', 'threads', 'trace'],
];

/** The parts of the conformance suite, each on every host that it is about. */
const CONFORMANCE = [
  ...['application-trace', 'beneath', 'counted', 'datagrams', 'failures', 'files', 'given', 'idle'],
  ...['inbox', 'iteration', 'leases', 'life', 'listening', 'paths', 'pressure', 'replayed'],
  ...['sources', 'streams', 'time', 'triggers', 'turn-times', 'turns', 'waiting'],
];

const TESTS = [
  ...FOLDERS.map((name) => `test/${name}/`),
  `test/conformance/(${CONFORMANCE.join('|')})`,
  ...['test/descriptors/adopt', 'test/files/direct'],
];

/** Each of epoll's other registrations is its own way through the shim. */
const REGISTRATION_TESTS = ['test/conformance/(turns|streams)'];

/**
 * Files, by a part of their path; and with `test` single tests in them, by their names, those of
 * their groups before them.
 */
const LEFT_OUT = [
  {
    file: 'test/core/(fuzz|merged)',
    why: 'so many inputs that they take ten minutes; test/core/determinism has some of them',
  },
  {
    file: 'test/trace/datagrams',
    why: 'it echoes an empty datagram: qemu 7.2 answers that it sent one, and sends none',
  },
  {
    file: 'test/conformance/listening',
    test: /sample\(\) counts who waits|as many as it is told to, and counts who waits/,
    why: 'qemu 7.2 hands on four bytes of TCP_INFO, so nobody counts who waits',
  },
  {
    file: 'test/files/direct',
    test: /aligned reads, writes and syncs are the kernel queue’s/,
    why: 'it asks for aio, which is absent: the pool reads them',
  },
  {
    file: 'test/conformance/datagrams',
    test: /over (IPv4|IPv6) a message comes back from where it was sent to/,
    why: 'qemu 7.2 answers that it sent an empty datagram, and sends none',
  },
  {
    file: 'test/conformance/datagrams',
    test: /sent to a group is heard by those who joined/,
    why: 'qemu 7.2 hands on a struct ip_mreqn of other bytes: ENODEV',
  },
  {
    file: 'test/conformance/beneath',
    test: /^beneath \(epoll\) (files and folders are opened|a folder that becomes a link)/,
    why: 'they follow links, for which openat2 is needed, which is absent (docs/files.md)',
  },
  {
    file: 'test/conformance/inbox',
    test: /a worker posts a million numbers/,
    why: 'a million of them take two minutes',
  },
  {
    file: 'test/conformance/pressure',
    test: /^pressure \(epoll\) sample\(\) brings the figures of both sides/,
    why: 'qemu 7.2 hands on four bytes of SO_MEMINFO, so nobody says what room there is',
  },
  {
    file: 'test/conformance/time',
    test: /a busy reactor leaves Node its timers/,
    why: 'it measures time',
  },
  {
    file: 'test/host/sigpipe',
    test: /disposition of SIGPIPE|under the default disposition|SIGPIPE sent to a thread/,
    why: 'qemu catches every signal for itself, so the kernel never has the default disposition',
  },
  {
    file: 'test/host/sigpipe',
    test: /so does every way of sending a file/,
    why: 'so slow, it hears of a peer that is gone by ECONNRESET, where EPIPE is waited for',
  },
  {
    file: 'test/host/capabilities',
    test: /what the kernel refuses is unavailable/,
    why: 'strace makes calls fail by the emulator, which answers io_setup(2) before them',
  },
  {
    file: 'test/host/capabilities',
    test: /what is forced off exercises the fallback/,
    why: 'qemu 7.2 hands on four bytes of SO_MEMINFO, so there is no figure to fall back from',
  },
  {
    file: 'test/outside/offload',
    test: /while a worker computes for a second, the p99 of an echo is below 10 ms/,
    why: 'it measures time',
  },
  {
    file: 'test/processes/spawn',
    test: /^processes \(epoll\) a command that does not exist fails with ENOENT/,
    why: 'a child of posix_spawn(3) shares no memory under qemu: nobody hears why it failed',
  },
];

module.exports = { TESTS, REGISTRATION_TESTS, LEFT_OUT };
