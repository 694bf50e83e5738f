// An examination: a script is brought to a protocol in every way in which a network might bring it,
// and what the protocol says and does has to be the same.
import { CalandriaError, typeError } from '../../errors';
import { checkCount, checkFlag, checkOptions } from '../../reactor/arguments';
import { Bench } from './bench';
import { difference } from './difference';
import { type Group, groupsOf, type Plan, type Stop, WHOLE } from './plans';
import { type Conduct, type PlayOptions, playOn, type Subject } from './play';
import { type Script, type Step, scriptOf } from './script';

export interface ExamineOptions extends PlayOptions {
  /** How many runs have drawn cuts. Default 64. */
  readonly draws?: number;
  /** Of the boundaries every so many-th is tried: for long scripts. Default 1. */
  readonly stride?: number;
  /** Also with the other side's end behind every byte. Default true. */
  readonly ends?: boolean;
  /** Also with a reset behind every byte. Default true. */
  readonly resets?: boolean;
  /** Handlers may throw. Default false: it is a difference to what should be. */
  readonly throws?: boolean;
}

export interface Examination {
  /** What it said and did when all bytes came at once. */
  readonly reference: Conduct;
  readonly runs: number;
  /** The first way in which it came to something else; undefined when there is none. */
  readonly difference: Difference | undefined;
  /** For people. */
  readonly report: string;
}

export interface Difference {
  /** How the bytes were brought: play() with it shows it again. */
  readonly plan: Plan;
  /** What it was compared with. */
  readonly against: Plan;
  readonly what: string;
  readonly reference: string;
  readonly other: string;
}

/** Never throws for what the protocol does: expectSame() does that. */
export async function examine(
  subject: Subject,
  script: Script | Step,
  options: ExamineOptions = {},
): Promise<Examination> {
  if (typeof subject !== 'function') throw typeError('subject', 'a function', subject);
  checkOptions('options', options);
  const { draws = 64, stride = 1, ends = true, resets = true, throws = false, ...how } = options;
  if (draws !== 0) checkCount('draws', draws);
  checkCount('stride', stride);
  for (const [name, flag] of Object.entries({ ends, resets, throws })) checkFlag(name, flag);

  const { dials = false } = how;
  const bench = new Bench(how);
  // Draws of a reactor's seed: the one generator there is, and the same in every examination.
  const drawing = new Bench(how);
  const { reactor } = drawing.begin(() => {});
  const steps = scriptOf(script);
  let runs = 0;
  const run = (plan: Plan): Promise<Conduct> => {
    runs++;
    return playOn(bench, subject, steps, plan, dials);
  };
  try {
    const reference = await run(WHOLE);
    const stops: Stop['how'][] = [];
    if (ends) stops.push('end');
    if (resets) stops.push('reset');
    const { length, ends: stepEnds } = reference;
    const random = (): number => reactor.random();
    const groups = groupsOf({ length, ends: stepEnds, stride, draws, random, stops });
    const found = await firstDifference(groups, run, throws);
    return { reference, runs, difference: found, report: reportOf(runs, found) };
  } finally {
    await bench.close();
    await drawing.close();
  }
}

async function firstDifference(
  groups: Iterable<Group>,
  run: (plan: Plan) => Promise<Conduct>,
  throws: boolean,
): Promise<Difference | undefined> {
  for (const group of groups) {
    const found = await compare(group, run, throws);
    if (found) return found;
  }
  return undefined;
}

async function compare(
  { reference: against, others }: Group,
  run: (plan: Plan) => Promise<Conduct>,
  throws: boolean,
): Promise<Difference | undefined> {
  const reference = await run(against);
  const [threw] = reference.threw;
  if (threw !== undefined && !throws) {
    const what = 'a handler threw';
    return { plan: against, against, what, reference: 'nothing thrown', other: threw };
  }
  for (const plan of others) {
    const found = difference(reference, await run(plan), plan);
    if (found) return { plan, against, ...found };
  }
  return undefined;
}

function reportOf(runs: number, found: Difference | undefined): string {
  if (!found) return `the same in ${runs} runs`;
  const { plan, against, what, reference, other } = found;
  const ways = [against.name, plan.name];
  const width = Math.max(...ways.map((way) => way.length));
  return [
    `run ${runs} differs: ${what}`,
    `  ${ways[0]?.padEnd(width)}  ${reference}`,
    `  ${ways[1]?.padEnd(width)}  ${other}`,
  ].join('\n');
}

/**
 * Answers the examination when every run came to the same.
 * @throws ERR_CALANDRIA_DIVERGED the message is the report.
 */
export function expectSame(examination: Examination): Examination {
  if (!examination.difference) return examination;
  throw new CalandriaError('ERR_CALANDRIA_DIVERGED', examination.report);
}
