// Registers the end of every test: peers first, then programs, then reactors.
import { closePeers } from './peer';
import { endPrograms } from './program';
import { closeServed } from './serve';

afterEach(async () => {
  await closePeers();
  await endPrograms();
  await closeServed();
});
