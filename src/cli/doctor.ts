// calandria doctor: what this machine can run, what was chosen, and which limits will bite.
import type { Command } from 'commander';
import { type Capabilities, capabilities } from '../host/capabilities';
import { CANDIDATES } from '../host/choose';
import { formatCapabilities } from './doctor-capabilities';
import { type Check, checkMachine } from './doctor-checks';
import { EXIT_FINDING } from './exit';
import { type Machine, thisMachine } from './machine';
import { formatTable, isRich, makePaint, type Paint } from './terminal';

interface HostReport {
  readonly name: string;
  readonly what: string;
  readonly available: boolean;
  readonly chosen: boolean;
  /** Why it cannot run here; empty when it can. */
  readonly missing: string;
}

interface DoctorReport {
  readonly platform: string;
  readonly architecture: string;
  readonly node: string;
  readonly chosen: string | null;
  /** CALANDRIA_HOST, when that is what chose. */
  readonly forced: string | null;
  readonly hosts: readonly HostReport[];
  readonly capabilities: Capabilities;
  readonly limits: readonly Check[];
  readonly findings: readonly string[];
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Say what this machine can run, and which of its limits will bite.')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Verdicts:
  fine     enough for a reactor with its default limits
  bites    it will be in the way; the mend is below it
  absent   this machine does not have it, so it cannot bite

The exit code is 1 when something bites, else 0.

Examples:
  $ calandria doctor
  $ calandria doctor --json | jq '.limits[] | select(.verdict == "bites")'
  $ CALANDRIA_HOST=node calandria doctor        what happens when a host is forced
  $ CALANDRIA_WITHOUT=cachestat,io_uring calandria doctor
                                                the same machine, as if it had neither`,
    )
    .action(({ json }: { json?: boolean }) => {
      const report = examine(thisMachine(), capabilities());
      if (json) console.log(JSON.stringify(report, null, 2));
      else console.log(formatReport(report, makePaint(isRich(process.stdout))));
      if (report.findings.length > 0) process.exitCode = EXIT_FINDING;
    });
}

function examine(machine: Machine, found: Capabilities): DoctorReport {
  const limits = checkMachine(machine);
  const forced = process.env.CALANDRIA_HOST || null;
  const missing = CANDIDATES.map((candidate) => candidate.missing());
  const chosen = CANDIDATES.find(
    ({ name }, place) => missing[place] === '' && (forced === null || name === forced),
  );
  const hosts = CANDIDATES.map(({ name, what }, place) => ({
    name,
    what,
    available: missing[place] === '',
    chosen: name === chosen?.name,
    missing: missing[place] as string,
  }));
  const findings = limits.filter(({ verdict }) => verdict === 'bites').map(({ name }) => name);
  // A reason that names a command is one that can be mended here; another system's host cannot.
  findings.unshift(
    ...hosts.filter((host) => host.missing.includes('`')).map(({ name }) => `host ${name}`),
  );
  if (found.unknownNames.length > 0) findings.unshift('CALANDRIA_WITHOUT');
  if (!chosen) findings.unshift('CALANDRIA_HOST');
  return {
    platform: machine.platform,
    architecture: machine.architecture,
    node: machine.nodeVersion,
    chosen: chosen?.name ?? null,
    forced,
    hosts,
    capabilities: found,
    limits,
    findings,
  };
}

function formatReport(report: DoctorReport, paint: Paint): string {
  const { platform, architecture, node, findings } = report;
  const lines = [
    `${paint.bold('calandria')} on ${platform}-${architecture}, Node ${node}`,
    '',
    paint.bold('Hosts'),
    formatTable(report.hosts.map((host) => hostRow(host, report, paint))),
  ];
  if (!report.chosen) lines.push(`  ${paint.red('none chosen')}: ${forcedProblem(report)}`);
  lines.push('', paint.bold('Capabilities'), formatCapabilities(report.capabilities, paint));
  const unknown = report.capabilities.unknownNames;
  if (unknown.length > 0) {
    lines.push(`  ${paint.red('unknown')} in CALANDRIA_WITHOUT: ${unknown.join(', ')}`);
  }
  lines.push('', paint.bold('Limits'), formatTable(report.limits.flatMap(checkRows(paint))), '');
  lines.push(
    findings.length === 0
      ? paint.green('Nothing bites.')
      : paint.yellow(`What bites: ${findings.join(', ')}.`),
  );
  return lines.join('\n');
}

function hostRow(host: HostReport, { forced }: DoctorReport, paint: Paint): string[] {
  const why = forced === null ? 'chosen' : 'chosen by CALANDRIA_HOST';
  const verdict = host.chosen
    ? paint.green(why)
    : host.available
      ? 'can run'
      : paint.dim(`cannot run: ${host.missing}`);
  return [`  ${host.name}`, host.what, verdict];
}

function forcedProblem({ forced, hosts }: DoctorReport): string {
  const names = hosts.filter(({ available }) => available).map(({ name }) => name);
  return `CALANDRIA_HOST is "${forced}"; what can run here is ${names.join(', ')}`;
}

function checkRows(paint: Paint): (check: Check) => string[][] {
  return ({ name, value, verdict, meaning, mend }) => {
    const colours = { fine: paint.green, bites: paint.yellow, absent: paint.dim };
    const row = [`  ${name}`, value, colours[verdict](verdict), meaning];
    return mend ? [row, ['', '', '', `mend: ${mend}`]] : [row];
  };
}
