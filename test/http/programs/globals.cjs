// A proxy by Node's own fetch, with the globals replaced: what frameworks do with requests.
const NodeResponse = Response;
const { serve } = require('calandria/http');

async function main() {
  const origin = serve({
    port: 0,
    globals: true,
    fetch: async (request) =>
      new Response(`${request.method} ${await request.text()} ${request.headers.get('x-a')}`),
  });
  const { port } = await origin.ready();
  const seen = {};
  const proxy = serve({
    port: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      url.port = String(port);
      seen.request = request instanceof Request;
      if (url.pathname === '/again') return fetch(new Request(url, request));
      const { method, headers, body } = request;
      const answer = await fetch(url, { method, headers, body, duplex: 'half' });
      seen.answer = [answer instanceof Response, answer instanceof NodeResponse];
      seen.own = new Response('x') instanceof NodeResponse;
      return answer;
    },
  });
  const place = await proxy.ready();
  const ask = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${place.port}${path}`, {
      method: 'POST',
      body: 'body',
      headers: { 'x-a': 'b' },
    });
    return answer.text();
  };
  seen.bodies = [await ask('/'), await ask('/again')];
  await proxy.close({ drain: false });
  await origin.close({ drain: false });
  process.send(seen);
  // What fetch() keeps open would keep the process, too.
  process.disconnect();
}

void main();
