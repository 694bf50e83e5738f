// Serves an app of ./apps.mjs on the epoll host, recorded, until it dies of what the app does.
import { createReactor, epoll, record } from '../../../build/js/src/index.mjs';
import { apps } from './apps.mjs';

const [file, name] = process.argv.slice(2);
const reactor = createReactor({ seed: 1n, host: record(epoll(), file) });
const { port } = await apps[name](reactor).ready();
process.send({ port });
