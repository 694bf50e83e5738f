// Answers that are given again and again are prepared; nobody can tell.
import { headerBlock } from '../../src/http';
import { field } from '../support/http-answers';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { converse } from '../support/http-client';

onDefaultHost('repeated answers', (bench) => {
  test('are the same as those that are made anew, whatever comes between them', async () => {
    const fields = { 'X-Name': 'é', 'Content-Type': 'text/plain' };
    const block = headerBlock(fields);
    const { port } = await bench.serve((exchange) => {
      const [status, text, way] = exchange.target.slice(1).split('-');
      const headers = way === 'anew' ? fields : block;
      exchange.answer(Number(status), headers, (text ?? '').repeat(2).replace('e', 'ä'));
    });
    const targets = ['200-e', '200-e', '200-e', '404-e', '200-f', '200-', '200-', '200-', '204-e'];
    const order = [...targets, '204-e', '304-e', '304-e', '205-e', '205-e', '200-e', '200-e'];
    const requests = (way: string): string =>
      order.map((target) => get(`/${target}-${way}`)).join('');
    const [again, anew] = await Promise.all(
      ['again', 'anew'].map((way) => converse(port, requests(way))),
    );
    expect(again?.answers).toHaveLength(order.length);
    const told = (from: typeof again) =>
      from?.answers.map(({ status, headers, body }) => [
        status,
        headers.filter(([name]) => name !== 'date'),
        body,
      ]);
    expect(told(again)).toEqual(told(anew));
  });

  test('leave a body out for HEAD, and say what becomes of the connection', async () => {
    const block = headerBlock({});
    const { port } = await bench.serve((exchange) => exchange.answer(200, block, 'again'));
    const methods = ['GET', 'POST', 'HEAD', 'GET', 'HEAD', 'GET'];
    const last = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const requests = methods.map((method) => ask(method, '/')).join('');
    const { answers, rest } = await converse(port, requests + last, ...methods, 'GET');
    expect(answers.map(({ body }) => String(body))).toEqual(
      [...methods, 'GET'].map((method) => (method === 'HEAD' ? '' : 'again')),
    );
    expect(answers.map((answer) => field(answer, 'content-length'))).toEqual(Array(7).fill('5'));
    expect(answers.map((answer) => field(answer, 'connection'))).toEqual([
      ...Array(6).fill(undefined),
      'close',
    ]);
    expect(rest).toHaveLength(0);
  });
});
