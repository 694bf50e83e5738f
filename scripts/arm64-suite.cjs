// What of the test suite runs on arm64, and what is left out and why: for scripts/arm64.mjs, and for
// the environment that it gives to jest.

/** Where the processor may make a difference: what is compiled for it, and what it is told by. */
const TESTS = [
  'test/conformance/(turns|streams|listening|files|datagrams)',
  'test/files/direct',
  'test/trace/golden',
];

/** Each of epoll's other registrations is its own way through the shim. */
const REGISTRATION_TESTS = ['test/conformance/(turns|streams)'];

/** Files, and single tests by their names. */
const LEFT_OUT = [
  {
    test: /sample\(\) counts who waits|as many as it is told to, and counts who waits/,
    why: 'qemu 7.2 hands on four bytes of TCP_INFO, so nobody counts who waits',
  },
  {
    test: /aligned reads, writes and syncs are the kernel queue’s/,
    why: 'it asks for aio, which is absent: the pool reads them',
  },
  {
    test: /over (IPv4|IPv6) a message comes back from where it was sent to/,
    why: 'qemu 7.2 answers that it sent an empty datagram, and sends none',
  },
  {
    test: /sent to a group is heard by those who joined/,
    why: 'qemu 7.2 hands on a struct ip_mreqn of other bytes: ENODEV',
  },
];

module.exports = { TESTS, REGISTRATION_TESTS, LEFT_OUT };
