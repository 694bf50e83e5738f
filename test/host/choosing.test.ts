// Which host is taken: the one that is named, where it is named.
import { chooseHost } from '../../src';

const { CALANDRIA_HOST } = process.env;

afterEach(() => {
  if (CALANDRIA_HOST === undefined) delete process.env.CALANDRIA_HOST;
  else process.env.CALANDRIA_HOST = CALANDRIA_HOST;
});

test('a host that there is not is refused by its name, with where it came from and which there are', () => {
  process.env.CALANDRIA_HOST = 'epol';
  const hosts = /; the hosts are epoll, poll, .*, null\.$/;
  expect(() => chooseHost()).toThrow('There is no host "epol" (CALANDRIA_HOST); ');
  expect(() => chooseHost()).toThrow(hosts);
  expect(() => chooseHost('pol')).toThrow('There is no host "pol"; ');
});

test('an option goes before CALANDRIA_HOST, and an empty one is none', () => {
  process.env.CALANDRIA_HOST = 'null';
  expect([chooseHost().name, chooseHost('node').name]).toEqual(['null', 'node']);
  process.env.CALANDRIA_HOST = '';
  expect(chooseHost().name).not.toBe('null');
});
