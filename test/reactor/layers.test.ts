// Layers: who may need whom. The core and the reactor are a library of their own, which servers and
// clients of the network are built upon, and not the other way round.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { Reactor } from '../../src/reactor/reactor';
import { nothing } from '../support/null-host';

const root = packageRoot();

/** Everything that is loaded with this file, types left out: own files and modules of Node. */
function loadedWith(entry: string): { own: string[]; node: Map<string, string[]> } {
  const own = new Set<string>();
  const node = new Map<string, string[]>();
  const queue = [join(root, entry)];
  for (const file of queue) {
    if (own.has(file)) continue;
    own.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, names = '', from = ''] of text.matchAll(
      /^(?:import|export)(?! type)\s+([^;]*?)\s*from '([^']+)';/gm,
    )) {
      if (from.startsWith('node:')) node.set(from, [...(node.get(from) ?? []), names]);
      if (!from.startsWith('.')) continue;
      const path = join(dirname(file), from);
      const found = [`${path}.ts`, join(path, 'index.ts')].find((each) => existsSync(each));
      if (found) queue.push(found);
    }
  }
  return { own: [...own].map((file) => relative(root, file)), node };
}

test('R2.6: the reactor loads no host, no shim, and nothing of Node that opens anything', () => {
  const { own, node } = loadedWith('src/reactor/reactor.ts');
  expect(own.length).toBeGreaterThan(20);
  expect(own.filter((path) => path.startsWith('src/host/'))).toEqual([]);
  expect(own.filter((path) => /^src\/(cli|programs|trace)\//.test(path))).toEqual([]);
  const allowed = /^node:(util|os|crypto|fs|path|net|stream|buffer|events)$/;
  expect([...node.keys()].filter((name) => !allowed.test(name))).toEqual([]);
  // A predicate on text, and the reading of the core's own file.
  expect(new Set(node.get('node:net'))).toEqual(new Set(['{ isIP }']));
});

test('R2.6: the package itself loads no protocol, no server and no façade', () => {
  const { own, node } = loadedWith('src/index.ts');
  expect(own).toContain('src/reactor/reactor.ts');
  const parts = new Set(own.map((path) => path.split('/').slice(0, 2).join('/')));
  const library = ['core', 'errors.ts', 'files', 'host', 'inbox', 'index.ts', 'package-root.ts'];
  const expected = [...library, 'queue.ts', 'reactor', 'trace'].map((part) => `src/${part}`);
  expect([...parts].filter((part) => part.startsWith('src/')).sort()).toEqual(expected.sort());
  expect(
    [...node.keys()].filter((name) => /^node:(https?2?|tls|readline|repl)$/.test(name)),
  ).toEqual([]);
});

test('R2.6: a protocol loads no server, and no host unless it is for its authors', () => {
  const { own } = loadedWith('src/protocols/index.ts');
  expect(own).toContain('src/protocols/line.ts');
  const strange = /^src\/(host|http|cli|programs|trace|threads)\/|\/kit\//;
  expect(own.filter((path) => strange.test(path))).toEqual([]);
});

test('R2.6: the reactor runs on a host that has no network, and refuses what it would need', async () => {
  const host = nothing();
  const reactor = new Reactor({ host, seed: 1n });
  const errors: string[] = [];
  reactor.connect(
    { port: 1 },
    { error: (_, error) => void errors.push((error as NodeJS.ErrnoException).code ?? '') },
  );
  for (let turn = 0; turn < 4; turn++) host.turn();
  expect(errors).toEqual(['ECONNREFUSED']);
  await host.finish(reactor);
});
