// What holds no bytes has no room for them.
import { closeSync, writeSync } from 'node:fs';
import * as layout from '../../assembly/layout';
import { word } from '../../src/core/memory';
import { promised } from '../support/conformance';
import { dial } from '../support/peer';
import { openPipe, removePipes } from '../support/pipes';
import { serve } from '../support/serve';
import '../support/tidy-up';

afterEach(removePipes);

test('R0.25: a listener or a bare descriptor never gets a buffer of its own', async () => {
  let bytesIn = 0;
  const ended = promised();
  const { port, reactor, tap, opened } = await serve({});
  const peers = await Promise.all(Array.from({ length: 10 }, () => dial(port)));
  await opened(10);
  const { reader, writer } = openPipe();
  reactor.adopt(
    reader,
    {},
    {
      data(_, bytes) {
        bytesIn += bytes.length;
      },
      close: () => ended.resolve(),
    },
  );
  reactor.watchSignal('SIGWINCH', {});
  for (let block = 0; block < 8; block++) writeSync(writer, Buffer.alloc(4096));
  closeSync(writer);
  await ended.promise;
  expect(bytesIn).toBe(32768);
  for (const peer of peers) peer.end();
  const memory = tap.memory();
  expect(word(memory, layout.STATE_PIECES_TOUCHED)).toBe(0);
  expect(word(memory, layout.STATE_BLOCKS_TOUCHED)).toBe(0);
});
