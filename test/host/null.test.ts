// The null host: what it is asked is refused by name.
import { createReactor, hosts, nullHost, type Reactor } from '../../src';
import { promised } from '../support/conformance';

type Failed = (error: unknown) => void;

const ASKED: Readonly<Record<string, (reactor: Reactor, failed: Failed) => unknown>> = {
  listen: (reactor, failed) => reactor.listen({ port: 0 }, {}).ready().catch(failed),
  connect: (reactor, failed) =>
    reactor.connect({ port: 1 }, { error: (_, error) => failed(error) }),
  bind: (reactor, failed) =>
    reactor.bindDatagram({ port: 0 }, { error: (_, error) => failed(error) }),
  'watch a path': (reactor, failed) =>
    reactor.watchPath('.', { error: (_, error) => failed(error) }),
  'watch a signal': (reactor, failed) =>
    reactor.watchSignal('SIGUSR2', { error: (_, error) => failed(error) }),
  'open a file': (reactor, failed) => reactor.openFile(__filename).catch(failed),
};

test('R2.9: it stands last among the hosts, and can run anywhere', () => {
  expect(hosts.at(-1)).toMatchObject({ name: 'null' });
  expect(hosts.at(-1)?.missing()).toBe('');
  expect(nullHost().name).toBe('null');
});

test.each(Object.entries(ASKED))('R2.9: asked to %s, it says that it cannot', async (_, ask) => {
  const reactor = createReactor({ host: 'null' });
  const failed = promised<unknown>();
  ask(reactor, failed.resolve);
  expect(await failed.promise).toMatchObject({
    code: 'ENOSYS',
    message: expect.stringContaining('this host has no such operation'),
  });
  await reactor.close();
});
