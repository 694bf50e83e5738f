// The shim never trusts an index from memory, and the core never one from the host. Each case
// damages one word in a process of its own; a crash would end that process by a signal.
import { start } from '../support/program';
import '../support/tidy-up';

interface Report {
  readonly done: boolean;
  readonly errors: string[];
  readonly heard: string[];
  readonly stale: number;
  readonly closed: boolean;
}

/** Damage that no error tells of: a bound makes it smaller, or the next turn makes it good. */
const HARMLESS = new Set([
  'receive: length',
  'receive: room',
  'spare segment wild',
  'send: length',
]);

describe('damaged memory', () => {
  test('every damage ends in a clear error, or touches nobody else: never in a crash', async () => {
    const list = await start('faults/programs/corrupt.mjs', { parameters: ['list'] }).next<
      string[]
    >();
    expect(list.length).toBeGreaterThan(30);
    const outcomes = new Map<string, string>();
    const work = list.values();
    const worker = async (): Promise<void> => {
      for (const place of work) outcomes.set(place, await outcomeOf(place));
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    const wrong = [...outcomes].filter(([, outcome]) => outcome.startsWith('WRONG'));
    expect(wrong).toEqual([]);
    expect(Object.fromEntries(outcomes)).toMatchObject({
      'submission count': expect.stringContaining('ERR_CALANDRIA_CORE'),
      'read cursor 0': expect.stringContaining('ERR_CALANDRIA_CORE'),
      'read limit wild': expect.stringContaining('ERR_CALANDRIA_CORE'),
      'receive: record': expect.stringContaining('stale'),
      'receive: generation': expect.stringContaining('stale'),
      'send: piece': 'EPROTO',
      'send: pieces': 'EPROTO',
      'send: no pieces': 'EPROTO',
      'piece: address': 'EPROTO',
      'event count': expect.stringContaining('ERR_CALANDRIA_CORE'),
      'event records': expect.stringContaining('stale'),
      'receive: address': expect.stringContaining('ERR_CALANDRIA_CORE'),
    });
  });

  async function outcomeOf(place: string): Promise<string> {
    const program = start('faults/programs/corrupt.mjs', { parameters: [place] });
    const report = await program.next<Report>().catch(() => undefined);
    const { code, signal, stderr } = await program.ended;
    if (!report || signal !== null || code !== 0) return `WRONG ${signal ?? code} ${stderr}`;
    if (!report.done) return 'WRONG: never damaged';
    const clear = /^ERR_CALANDRIA_CORE: /;
    if (report.errors.some((error) => !clear.test(error))) return `WRONG ${report.errors}`;
    if (report.errors.length > 1) return `WRONG: said more than once: ${report.errors}`;
    if (report.errors.length === 1) {
      return report.closed ? (report.errors[0] as string) : 'WRONG: close() never settled';
    }
    if (report.heard.length > 0) return report.heard.join();
    if (report.stale > 0) return `${report.stale} stale`;
    return HARMLESS.has(place) ? 'harmless' : 'WRONG: nobody noticed';
  }
});
