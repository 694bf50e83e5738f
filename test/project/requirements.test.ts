// docs/requirements.md says which requirements are met and where that is tested; here it is held
// against the tests that exist.
import { readText, readTree } from './tree';

/** Rows of the table by their first number, and how many there are of each. */
const ROWS = [
  { group: 0, rows: 27 },
  { group: 1, rows: 18 },
  { group: 2, rows: 33 },
  { group: 3, rows: 49 },
  { group: 4, rows: 34 },
];

interface Row {
  readonly id: string;
  readonly what: string;
  readonly state: string;
  /** Files, or for "docs" a page with its heading. */
  readonly where: readonly string[];
}

function readRows(): Row[] {
  return readText('docs/requirements.md')
    .split('\n')
    .filter((line) => line.startsWith('| R'))
    .map((line) => {
      const [, id = '', what = '', state = '', where = ''] = line.split('|').map((t) => t.trim());
      return { id, what, state, where: where === '' ? [] : where.split(', ') };
    });
}

/** For each test file, the ids that stand at the beginning of names in it: 'R3.18 R3.19: …'. */
function readTested(): Map<string, Set<string>> {
  const names = /(['"`])((?:R\d+\.\d+[ ,]*)+)(?=:)/g;
  const tests = readTree().filter(({ path }) => /^test\/(?!project\/).*\.test\.ts$/.test(path));
  const tested = tests.map(({ path, text }): [string, Set<string>] => {
    const ids = [...text.matchAll(names)].flatMap(([, , list]) => list?.match(/R\d+\.\d+/g) ?? []);
    return [path, new Set(ids)];
  });
  return new Map(tested.filter(([, ids]) => ids.size > 0));
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

const rows = readRows();
const tested = readTested();

test('requirements: every id stands in the table once, in order', () => {
  const expected = ROWS.flatMap(({ group, rows: count }) =>
    Array.from({ length: count }, (_, place) => `R${group}.${place + 1}`),
  );
  expect(rows.map(({ id }) => id)).toEqual(expected);
  for (const { id, what } of rows) expect([id, what]).not.toEqual([id, '']);
});

test('requirements: every row has a known state, and names a place unless it is planned', () => {
  const states = ['planned', 'partial', 'done', 'docs'];
  const wrong = rows.filter(
    ({ state, where }) => !states.includes(state) || (state === 'planned') !== (where.length === 0),
  );
  expect(wrong).toEqual([]);
});

test('requirements: what is done or partial has a test of that id in the file it names', () => {
  const claims = rows
    .filter(({ state }) => state === 'done' || state === 'partial')
    .flatMap(({ id, where }) => where.map((path) => ({ id, path })));
  expect(claims.filter(({ id, path }) => !tested.get(path)?.has(id))).toEqual([]);
});

test('requirements: what is documented stands on the page under the heading it names', () => {
  const missing = rows
    .filter(({ state }) => state === 'docs')
    .flatMap(({ where }) => where)
    .filter((place) => {
      const [page = '', heading = ''] = place.split('#');
      const headings = readText(page).match(/^#+ .*$/gm) ?? [];
      return !headings.some((line) => anchorOf(line.replace(/^#+ /, '')) === heading);
    });
  expect(missing).toEqual([]);
});

test('requirements: every id in the name of a test is in the table, with that file', () => {
  const known = new Map(rows.map((row) => [row.id, row]));
  const unknown = [...tested].flatMap(([path, ids]) =>
    [...ids]
      .filter((id) => !known.get(id)?.where.includes(path))
      .map((id) => `${id} in ${path} (${known.get(id)?.state ?? 'no such row'})`),
  );
  expect(unknown).toEqual([]);
});
