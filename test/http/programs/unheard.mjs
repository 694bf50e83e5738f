// Listens where somebody else does already, and waits for nothing.
import { HttpServer, serve } from '../../../build/js/src/http/index.js';
import { createReactor } from '../../../build/js/src/index.js';

const [kind, port] = process.argv.slice(2);
if (kind === 'serve') serve({ port: Number(port), fetch: () => new Response('') });
else new HttpServer(createReactor(), { port: Number(port) }, () => {});
