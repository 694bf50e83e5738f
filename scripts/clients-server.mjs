// The program behind serve({ fetch }) that scripts/clients.mjs asks: short and long answers, and
// what was sent back.
import { Response, serve } from 'calandria/http';

const PIECE = new TextEncoder().encode('0123456789abcdef'.repeat(4096));

/** `count` pieces, made as they are taken. */
function stream(count) {
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      if (made++ < count) controller.enqueue(PIECE);
      else controller.close();
    },
  });
}

const server = serve({
  port: 0,
  address: '127.0.0.1',
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === 'POST') return new Response(request.body);
    if (pathname === '/large.bin') return new Response(stream(64));
    return new Response('Hello, world\n', { headers: { 'content-type': 'text/plain' } });
  },
});
const { port } = await server.ready();
console.log(`serving at http://127.0.0.1:${port}/`);
process.on('SIGTERM', () => server.close().then(() => process.exit(0)));
