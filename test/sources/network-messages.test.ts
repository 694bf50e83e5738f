// Messages of rtnetlink(7), as a kernel wrote them (Linux 6.18, little-endian), and as none does.
import { readNetwork } from '../../src/reactor/network-messages';

/** Three addresses of lo: an IPv6 one, and one between two points that came and went. */
const ADDRESSES = Buffer.from(
  'SAAAABQAAAAAAAAAAAAAAApAggABAAAAFAABACABDbgAAAAAAAAAAAAAAAEUAAYA//////////9t2RcAbdkXAAgACACC' +
    'AAAATAAAABQAAABuKQFrblkAAAIYgAABAAAACAABAAoJCQkIAAIACgECAwcAAwBsbwAACAAIAIAAAAAUAAYA////////' +
    '//9t2RcAbdkXAEwAAAAVAAAAbikBa29ZAAACGIAAAQAAAAgAAQAKCQkJCAACAAoBAgMHAAMAbG8AAAgACACAAAAAFAAG' +
    'AP//////////bdkXAG3ZFwA=',
  'base64',
);

function message(type: number, body: Buffer, length = 16 + body.length): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(length, 0);
  head.writeUInt16LE(type, 4);
  return Buffer.concat([head, body, Buffer.alloc(-body.length & 3)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

/** struct ifinfomsg and two attributes. */
function link(index: number, flags: number, name: string, mtu: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(index, 4);
  head.writeUInt32LE(flags, 8);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(mtu, 0);
  return Buffer.concat([head, attribute(3, Buffer.from(`${name}\0`)), attribute(4, size)]);
}

test('R0.9: addresses are read as the kernel wrote them, with the own one of two points', () => {
  const own = { kind: 'address', index: 1, family: 'IPv4', address: '10.1.2.3', prefix: 24 };
  expect(readNetwork(ADDRESSES)).toEqual([
    { kind: 'address', added: true, index: 1, family: 'IPv6', address: '2001:db8::1', prefix: 64 },
    { ...own, added: true },
    { ...own, added: false },
  ]);
});

test('R0.9: links are read with their flags, and a link that went says so', () => {
  const batch = Buffer.concat([
    message(16, link(2, 0x41, 'eth0', 1500)),
    message(16, link(2, 0x1, 'eth0', 9000)),
    message(17, link(3, 0, 'a-long-name', 1280)),
  ]);
  expect(readNetwork(batch)).toEqual([
    { kind: 'link', index: 2, name: 'eth0', up: true, running: true, mtu: 1500, removed: false },
    { kind: 'link', index: 2, name: 'eth0', up: true, running: false, mtu: 9000, removed: false },
    {
      ...{ kind: 'link', index: 3, name: 'a-long-name', up: false, running: false },
      ...{ mtu: 1280, removed: true },
    },
  ]);
});

test('an overrun stands where messages are missing, and other messages are passed over', () => {
  const batch = Buffer.concat([
    message(24, Buffer.alloc(12)),
    message(4, Buffer.alloc(0)),
    message(16, link(1, 0, 'lo', 65536)),
  ]);
  expect(readNetwork(batch).map(({ kind }) => kind)).toEqual(['overrun', 'link']);
});

test('the bytes may lie anywhere, and what is cut says nothing wrong', () => {
  const shifted = Buffer.concat([Buffer.from('x'), ADDRESSES]).subarray(1);
  expect(readNetwork(shifted)).toEqual(readNetwork(ADDRESSES));
  const whole = link(2, 1, 'eth0', 1500);
  for (let length = 0; length < whole.length; length++) {
    for (const event of readNetwork(message(16, whole.subarray(0, length)))) {
      expect(event).toMatchObject({ kind: 'link', index: 2, up: true });
    }
    expect(readNetwork(message(20, whole.subarray(0, length)))).toEqual([]);
  }
});
