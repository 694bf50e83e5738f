#!/usr/bin/env node
// The command line. Each command is one file; this one puts them together and turns errors into
// exit codes.
import { Command } from 'commander';
import { packageVersion } from '../package-root';
import { addDemo } from './demo';
import { addDoctor } from './doctor';
import { addEcho } from './echo';
import { reportError } from './exit';
import { addInspect } from './inspect';
import { endWithOutput } from './output';
import { addReplay } from './replay';
import { addServe } from './serve';

function makeProgram(): Command {
  const program = new Command('calandria')
    .description('A portable reactor: serve real traffic, record it, replay it bit for bit.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    // Throws instead of exiting, so that every mistake in the command line becomes exit code 2.
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes:
  0  fine
  1  the command found something: a divergence, a limit that will bite
  2  bad usage or bad input

Examples:
  $ calandria demo                              see what this is, in under 20 seconds
  $ calandria doctor                            what this machine can run, and what limits it
  $ calandria serve public --port 8080          a web server for the files beneath public
  $ calandria echo --port 7000 --record a.trace
                                                a TCP server that records what it does
  $ calandria replay a.trace                    run the recording again and compare
  $ calandria inspect a.trace                   read it, turn by turn

\`calandria COMMAND --help\` explains each of them.`,
    );
  addServe(program);
  addEcho(program);
  addReplay(program);
  addInspect(program);
  addDoctor(program);
  addDemo(program);
  for (const command of program.commands) {
    command.showHelpAfterError(`(\`calandria ${command.name()} --help\` explains its options)`);
  }
  return program;
}

async function main(): Promise<void> {
  endWithOutput();
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

void main();
