// The header of a trace, as read: every field is checked, because a replay believes it.
import { completeLimits } from '../core/limits';
import { CalandriaError } from '../errors';
import type { TraceHeader } from './format';

const TYPES: Readonly<Record<string, string>> = {
  version: 'string',
  layoutHash: 'string',
  coreHash: 'string',
  host: 'string',
  limits: 'object',
  seed: 'string',
  debug: 'boolean',
  readArena: 'number',
};

/** @throws ERR_CALANDRIA_TRACE naming the file and the field. */
export function parseHeader(text: string, file: string): TraceHeader {
  try {
    const header = JSON.parse(text) as TraceHeader;
    checkFields(header as unknown as Record<string, unknown>);
    return { ...header, limits: completeLimits(header.limits) };
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\.$/, '');
    const message = `The header of ${file} makes no sense: ${reason}.`;
    throw new CalandriaError('ERR_CALANDRIA_TRACE', message, { cause });
  }
}

function checkFields(header: Record<string, unknown>): void {
  if (typeof header !== 'object' || header === null) throw new Error('it is not an object');
  for (const [name, type] of Object.entries(TYPES)) {
    const is = typeof header[name];
    if (is !== type) throw new Error(`${name} is ${is}, not ${type}`);
  }
  if (!/^\d+$/.test(header.seed as string)) {
    throw new Error(`seed is ${JSON.stringify(header.seed)}, not an unsigned number`);
  }
  checkChoice(header, 'payload', ['full', 'digest']);
  checkChoice(header, 'sampling', ['none', 'turn']);
  const program = header.program as { name?: unknown; parameters?: unknown } | null;
  if (program === null) return;
  if (typeof program?.name !== 'string' || typeof program.parameters !== 'object') {
    throw new Error('program has no name or no parameters');
  }
}

function checkChoice(
  header: Record<string, unknown>,
  name: string,
  choices: readonly string[],
): void {
  if (choices.includes(header[name] as string)) return;
  throw new Error(`${name} is ${JSON.stringify(header[name])}, not ${choices.join(' or ')}`);
}
