// The five models of I/O, as examples: each serves the same client, unchanged.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { capabilities } from '../../src/index';
import { testWith } from '../support/commands';
import { dial } from '../support/peer';
import { type Program, start } from '../support/program';
import '../support/tidy-up';

const execute = promisify(execFile);
const folder = join('..', 'examples', 'models');

/** Starts a model on a free port; resolves with the port that it prints. */
async function run(model: string): Promise<[Program, string]> {
  const program = start(join(folder, `${model}.mjs`), { parameters: [0] });
  const [line] = (await Promise.race([
    once(program.child.stdout as NodeJS.ReadableStream, 'data'),
    program.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])) as [Buffer];
  const port = new RegExp(`^${model} on 127\\.0\\.0\\.1:(\\d+)`).exec(String(line))?.[1];
  return [program, String(port)];
}

async function ask(port: string): Promise<void> {
  const client = join(__dirname, '../../examples/models/client.mjs');
  const { stdout } = await execute(process.execPath, [client, port, '4', '10']);
  expect(stdout).toBe('40 messages came back\n');
}

/** What it has said on stderr. */
async function stop(program: Program): Promise<string> {
  program.child.kill('SIGINT');
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  return stderr;
}

async function serves(model: string): Promise<string> {
  const [program, port] = await run(model);
  await ask(port);
  return stop(program);
}

const compiled = testWith(capabilities().features.epoll.available, 'the native host');

test.each(['blocking', 'asynchronous'])('R3.1 R3.2: %s', async (model) => {
  expect(await serves(model)).toBe('');
});

test('R3.1: polling, and it is said what that costs', async () => {
  const complaint = /^spinning: \d+ turns brought nothing\n$/;
  const [program, port] = await run('polling');
  // It polls its connections: without one that says nothing it might have none left to poll.
  const silent = await dial(Number(port));
  await ask(port);
  await program.complained(complaint);
  silent.end();
  await silent.closed;
  expect(await stop(program)).toMatch(complaint);
  // It takes a whole core, and its client has to share that with it.
});

compiled('R3.1: multiplexed', async () => expect(await serves('multiplexed')).toBe(''));

compiled('R3.1: signal-driven', async () => expect(await serves('signal-driven')).toBe(''));
