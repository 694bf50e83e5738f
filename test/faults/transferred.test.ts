// Buffers that the program gave away while they were to be filled or written.
import { writeFileSync } from 'node:fs';
import { forOneHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';

const freshPath = freshFolder();

forOneHost('buffers that were transferred', (bench) => {
  test('reject what used them, and nobody else misses an answer', async () => {
    const path = freshPath();
    const bytes = pattern(5000);
    writeFileSync(path, bytes);
    const reactor = bench.reactor();
    const file = await reactor.openFile(path, 'r+');
    const [mine, ours] = [new Uint8Array(5000), new Uint8Array(100)];
    const lost = [file.read(mine, 0, 5000, 0), file.readv([ours, Buffer.alloc(10)], 0)];
    const other = file.read(Buffer.alloc(5000), 0, 5000, 0);
    structuredClone([mine, ours], { transfer: [mine.buffer, ours.buffer] });
    for (const answer of await Promise.allSettled(lost)) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'TypeError' } });
    }
    expect((await other).buffer.equals(bytes)).toBe(true);
    await file.close();
    await reactor.close();
  });
});
