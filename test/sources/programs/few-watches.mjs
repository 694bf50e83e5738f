// Watches until there are no more, in a user namespace that allows for one (`unshare -Ur`).
import { writeFileSync } from 'node:fs';
import { createReactor } from 'calandria';

const [, , host, ...folders] = process.argv;
writeFileSync('/proc/sys/user/max_inotify_watches', '1');
const reactor = createReactor({ host });
const heard = [];
for (const folder of folders) {
  const watch = reactor.watchPath(folder, { error() {} });
  heard.push(
    await watch.ready().then(
      () => 'open',
      ({ code }) => code,
    ),
  );
}
await reactor.close();
process.send(heard);
process.disconnect();
