// Lets the native part start its threads while SIGPIPE would end the process, and names them.
import { readdirSync, readFileSync } from 'node:fs';
import { capabilities, createReactor } from 'calandria';

const threads = () => readdirSync('/proc/self/task');
const ignore = () => {};
process.on('SIGPIPE', ignore);
process.off('SIGPIPE', ignore);

const before = new Set(threads());
const reactor = createReactor({ host: 'epoll' });
const file = await reactor.openFile(process.execPath);
const ours = threads()
  .filter((thread) => !before.has(thread))
  .map((thread) => {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    return { thread, blocked: /^SigBlk:\s*(\w+)$/m.exec(status)[1] };
  });
process.on('message', async () => {
  const { size } = await file.stat();
  process.send({ size });
});
process.send({ ours, sigpipe: capabilities().sigpipe });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
