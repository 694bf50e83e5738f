// Opens paths beneath a directory and tells what they lead to.
import { createReactor } from '../../../build/js/src/index.js';

const [root, ...paths] = process.argv.slice(2);
const reactor = createReactor({ host: 'epoll' });
const directory = await reactor.openDirectory(root);
const found = {};
for (const path of paths) {
  try {
    const file = await directory.openBeneath(path);
    found[path] = file.isDirectory ? 'a folder' : await file.readFile('utf8');
    await file.close();
  } catch (error) {
    found[path] = error.code;
  }
}
process.send(found);
await reactor.close();
process.disconnect();
