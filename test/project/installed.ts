// The package as its users get it: packed, and installed into an empty folder. Nothing is fetched:
// what it depends on comes from here, packed in the same way.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './tree';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Echoes a message over the best host while recording, then replays the core and the program. */
export const ECHO = `
  const { chooseHost, createReactor, openTrace, record, replayCore, replayProgram } = require('calandria');
  const program = (reactor) =>
    reactor.listen({ port: 0 }, {
      data: (connection, bytes) => void connection.write(bytes),
      end: (connection) => connection.end(),
    });
  (async () => {
    const host = chooseHost();
    const reactor = createReactor({ host: record(host, 'echo.trace') });
    const { port } = await program(reactor).ready();
    const client = require('node:net').connect({ port, host: '127.0.0.1' });
    client.end('a message');
    let answer = '';
    for await (const chunk of client) answer += chunk;
    await reactor.close();
    const trace = openTrace('echo.trace');
    const verdicts = [replayCore(trace).verdict, (await replayProgram(trace, program)).verdict];
    console.log(JSON.stringify({ host: host.name, answer, verdicts }));
  })();
`;
export const REPLAYED = { answer: 'a message', verdicts: ['identical', 'identical'] };

interface LockFile {
  readonly packages: Readonly<Record<string, { dev?: boolean; optional?: boolean }>>;
}

export class Installed {
  /** A project with the package in its node_modules. */
  readonly folder = mkdtempSync(join(tmpdir(), 'calandria-package-'));
  readonly packed = join(this.folder, 'node_modules/calandria');
  readonly tarball: string;

  constructor() {
    this.must('npm', ['pack', '--silent', '--pack-destination', this.folder], root);
    const name = readdirSync(this.folder).find((file) => file.endsWith('.tgz')) as string;
    this.tarball = join(this.folder, name);
    this.write('package.json', '{ "private": true }');
    const { packages } = require(join(root, 'package-lock.json')) as LockFile;
    const near = Object.entries(packages)
      .filter(([place, { dev, optional }]) => place !== '' && !dev && !optional)
      .map(([place]) => join(root, place));
    const how = ['--offline', '--ignore-scripts', '--install-links', '--no-audit', '--no-fund'];
    this.must('npm', ['install', ...how, this.tarball, ...near]);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs a command in the folder. Variables that choose a host are not passed on. */
  run(command: string, words: readonly string[], cwd = this.folder): Outcome {
    const env = { ...process.env };
    for (const name of ['CALANDRIA_HOST', 'CALANDRIA_BINARY', 'LD_PRELOAD']) delete env[name];
    return spawnSync(command, words, { cwd, env, encoding: 'utf8' });
  }

  /** The same, and it has to succeed; answers what it printed. */
  must(command: string, words: readonly string[], cwd = this.folder): string {
    const { status, stdout, stderr } = this.run(command, words, cwd);
    if (status === 0) return stdout;
    throw new Error(`${command} ${words.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  }

  /** Runs a program that is written into the folder; answers what it printed. */
  node(name: string, program: string): string {
    this.write(name, program);
    return this.must(process.execPath, [name]);
  }

  /** Every file of the package. */
  files(): string[] {
    const entries = readdirSync(this.packed, { recursive: true, withFileTypes: true });
    const from = this.packed.length + 1;
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(from))
      .sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
