// Clients of an echo, one after another, each with a few messages: all that they send comes back.
import { pattern } from './conformance';
import { dial } from './peer';

export async function converse(port: number, clients: number, messages: number): Promise<void> {
  for (let client = 0; client < clients; client++) {
    const peer = await dial(port);
    const all = pattern(10 * messages, client + 1);
    for (let sent = 10; sent <= all.length; sent += 10) {
      await peer.write(all.subarray(sent - 10, sent));
      expect((await peer.receive(sent)).equals(all.subarray(0, sent))).toBe(true);
    }
    peer.end();
    await peer.closed;
  }
}
