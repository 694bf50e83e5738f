// Header fields on their way out: checked, and made into text. Nothing that a program passes on can
// begin another line (RFC 9110 section 5.5, RFC 9112 section 5).
import { CalandriaError, shown, typeError } from '../errors';
import type { LastAnswer } from './prepared-answer';

/** Fields of an answer: an object (a list of values makes as many lines), or pairs in order. */
export type HeaderInput =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [string, string]>;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A protocol as Upgrade names it (RFC 9110 section 7.8). */
export const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?/;
const ASCII = /^[\t\x20-\x7e]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that say how long the body is and whether the connection goes on: the server's own. */
const OWN = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

/** Lines of header fields, checked once, to be sent often. */
export class HeaderBlock {
  /** Each line with its end. */
  readonly text: string;
  /** Is there anything outside of ASCII? Then the head is sent as ISO 8859-1. */
  readonly latin: boolean;
  /** What the program itself says about what the server would say otherwise. */
  readonly own: ReadonlyMap<string, string>;
  /** Internal: the answer that was given with it last. */
  last: LastAnswer | undefined = undefined;

  constructor(text: string, latin: boolean, own: ReadonlyMap<string, string>) {
    this.text = text;
    this.latin = latin;
    this.own = own;
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
export const NO_HEADERS = new HeaderBlock('', false, NONE);

export function checkName(name: unknown): string {
  if (typeof name === 'string' && TOKEN.test(name)) return name;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_HEADER',
    `${shown(name)} is no name of a header field: letters, digits and !#$%&'*+-.^_\`|~ only.`,
  );
}

/** Answers whether it is ASCII. */
function checkValue(name: string, value: unknown): boolean {
  if (typeof value === 'string') {
    if (ASCII.test(value)) return true;
    if (VALUE.test(value)) return false;
  }
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_HEADER',
    `The header field ${name} cannot be ${shown(value)}: text without line ends and control` +
      ' characters, of ISO 8859-1.',
  );
}

/** Checks header fields and makes them into the text of their lines. */
export function headerBlock(input: HeaderInput | HeaderBlock | undefined): HeaderBlock {
  if (input === undefined) return NO_HEADERS;
  if (input instanceof HeaderBlock) return input;
  if (typeof input !== 'object' || input === null) {
    throw typeError('headers', 'an object, pairs, or a HeaderBlock', input);
  }
  let text = '';
  let latin = false;
  let own: Map<string, string> | undefined;
  const add = (name: string, value: unknown): void => {
    checkName(name);
    const line = typeof value === 'number' ? String(value) : value;
    if (!checkValue(name, line)) latin = true;
    const lower = name.toLowerCase();
    if (OWN.has(lower)) {
      own ??= new Map();
      own.set(lower, line as string);
    } else text += `${name}: ${line}\r\n`;
  };
  if (Symbol.iterator in input) {
    for (const [name, value] of input as Iterable<readonly [string, string]>) add(name, value);
  } else {
    for (const name of Object.keys(input)) {
      const value = (input as Record<string, string | number | readonly string[]>)[name];
      if (Array.isArray(value)) for (const one of value) add(name, one);
      else add(name, value);
    }
  }
  return new HeaderBlock(text, latin, own ?? NONE);
}

/** Does the program itself want the connection closed? */
export function asksToClose(own: ReadonlyMap<string, string>): boolean {
  return own.size > 0 && /(^|,)\s*close\s*(,|$)/i.test(own.get('connection') ?? '');
}

/** Of HEAD the program may say how long the body would be that it does not make. */
export function saidLength({ own }: HeaderBlock, length: number): number {
  const said = length === 0 ? own.get('content-length') : undefined;
  return said === undefined ? length : contentLength(said);
}

/** The length that a program gives as a header field. @throws ERR_CALANDRIA_BAD_HEADER */
export function contentLength(text: string): number {
  const length = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_HEADER',
    `Content-Length cannot be ${JSON.stringify(text)}: a whole number of bytes.`,
  );
}
