// What of the test suite runs on arm64, and what is left out and why: for scripts/arm64.mjs, and for
// the environment that it gives to jest.

/** Whole, where the processor may make a difference: what is compiled for it, what it is told by. */
const FOLDERS = [
  'core',
  'processes',
  'protocols',
  'reactor',
  'signals',
  'streams',
  'threads',
  'trace',
];

const TESTS = [
  ...FOLDERS.map((name) => `test/${name}/`),
  'test/conformance/(turns|streams|listening|files|datagrams|leases)',
  'test/files/direct',
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
    file: 'test/processes/spawn',
    test: /^processes \(epoll\) a command that does not exist fails with ENOENT/,
    why: 'a child of posix_spawn(3) shares no memory under qemu: nobody hears why it failed',
  },
];

module.exports = { TESTS, REGISTRATION_TESTS, LEFT_OUT };
