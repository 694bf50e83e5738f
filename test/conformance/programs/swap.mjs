// Exchanges a folder for a link that leads out, and back, as fast as it can, until it is told to
// stop.
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [root, outside] = process.argv.slice(2);
const folder = join(root, 'swapped');
const aside = join(root, 'aside');
const link = join(root, 'link');
symlinkSync(outside, link);

let swaps = 0;
function swap() {
  for (let round = 0; round < 50; round++, swaps++) {
    renameSync(folder, aside);
    renameSync(link, folder);
    renameSync(folder, link);
    renameSync(aside, folder);
  }
  setImmediate(swap);
}

process.once('message', () => process.send({ swaps }, () => process.exit()));
process.send({ ready: true });
swap();
