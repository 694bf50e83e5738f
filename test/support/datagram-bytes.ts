// Datagrams in the form of a batch (assembly/layout.ts), for tests that are host and program at
// once.
import * as layout from '../../assembly/layout';
import type { CoreHarness, Handle } from './core-harness';

/** One record: a peer record (of 127.0.0.1:7), a head, the message padded. */
export function datagram(message: Uint8Array | string, flags = 0): Buffer {
  const bytes = Buffer.from(message as string);
  const record = Buffer.alloc(layout.DATAGRAM_HEAD + ((bytes.length + 7) & ~7));
  record.writeUInt16LE(layout.FAMILY_IPV4, layout.PEER_FAMILY);
  record.writeUInt16LE(7, layout.PEER_PORT);
  record.set([127, 0, 0, 1], layout.PEER_BYTES);
  record.writeUInt32LE(bytes.length, layout.DATAGRAM_LENGTH);
  record.writeUInt32LE(flags, layout.DATAGRAM_FLAGS);
  bytes.copy(record, layout.DATAGRAM_HEAD);
  return record;
}

/** The messages of a batch; throws where it is cut. */
export function messagesOf(batch: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < batch.length; ) {
    const length = batch.readUInt32LE(at + layout.DATAGRAM_LENGTH);
    const start = at + layout.DATAGRAM_HEAD;
    at = start + ((length + 7) & ~7);
    if (at > batch.length) throw new Error('a datagram is cut');
    messages.push(batch.subarray(start, start + length));
  }
  return messages;
}

/** What leaves when one send carries at most `most` bytes: whole datagrams. */
export function wholeOf(batch: Buffer, most: number): number {
  let at = 0;
  while (at < batch.length) {
    const end =
      at + layout.DATAGRAM_HEAD + ((batch.readUInt32LE(at + layout.DATAGRAM_LENGTH) + 7) & ~7);
    if (end > most) break;
    at = end;
  }
  return at;
}

/** A record of `bytes` whole datagrams, where reserve() said. */
export function sendTo(
  { core, memory }: CoreHarness,
  { record, generation }: Handle,
  bytes: Uint8Array,
): number {
  const address = core.reserve(bytes.length);
  memory.bytes.set(bytes, address);
  return core.sendTo(record, generation, address, bytes.length);
}
