// docs/hosts.md says how exact the record is on each host, and for each kind of source; what it
// says is what a run gives. `npm run test:hosts` writes it (TEST_WRITE).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { forEachHost } from '../support/conformance';
import { column, columnsOn, LINES, withColumns } from '../support/guarantees';
import { removePipes } from '../support/pipes';

afterAll(removePipes);

const file = join(packageRoot(), 'docs/hosts.md');

forEachHost('what is known', (bench) => {
  test('R1.14 R0.15: the page has for this host what a run on it gives', async () => {
    const cells = await column(bench);
    expect(cells).toHaveLength(LINES.length);
    const page = readFileSync(file, 'utf8');
    const columns = columnsOn(page);
    if (process.env.TEST_WRITE) {
      writeFileSync(file, withColumns(page, columns.set(bench.host, cells)));
      return;
    }
    // The page speaks of hosts as they are, not of epoll registered in other ways.
    const { TEST_REGISTRATION: registration = '' } = process.env;
    if (registration === '' || registration === 'edge') {
      expect(columns.get(bench.host)).toEqual(cells);
    }
  });
});

test('R1.14: the page has a line for each thing that is asked', () => {
  const page = readFileSync(file, 'utf8');
  expect(withColumns(page, columnsOn(page))).toBe(page);
});
