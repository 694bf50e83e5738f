// Writes build/generated/layout.h from assembly/layout.ts.
//
// The layout is stated once, in a file that AssemblyScript and TypeScript both compile; C++ gets
// this translation, so the three cannot disagree. The accepted subset is small on purpose: one
// `export const NAME = <integer expression of literals and earlier names>;` after another. Anything
// else is an error and not a guess.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'assembly/layout.ts');
const target = join(root, 'build/generated/layout.h');

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const UINT32_MAX = 2 ** 32 - 1;

/** The named integers of a layout source, in order. */
export function parseLayout(text) {
  // Comments become spaces, newlines stay: line numbers in errors remain right.
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  );
  const constants = new Map();
  let offset = 0;
  for (const statement of code.split(';')) {
    const line = code.slice(0, offset + statement.search(/\S|$/)).split('\n').length;
    offset += statement.length + 1;
    if (statement.trim() === '') continue;
    const match = /^export const ([A-Za-z_]\w*)\s*=\s*([\s\S]+)$/.exec(statement.trim());
    if (!match) throw new Error(`line ${line}: expected \`export const NAME = integer;\``);
    const [, name, expression] = match;
    if (constants.has(name)) throw new Error(`line ${line}: ${name} is defined twice`);
    constants.set(name, evaluate(expression, constants, line));
  }
  return constants;
}

function evaluate(expression, constants, line) {
  const tokens = /0[xX][\da-fA-F_]+|\d[\d_]*|[A-Za-z_]\w*|<<|>>>?|[-+*/%&|^~()]|\s+|./gs;
  const script = expression.replace(tokens, (token) => {
    if (/^[A-Za-z_]/.test(token)) {
      if (!constants.has(token)) throw new Error(`line ${line}: ${token} is not defined above`);
      return `(${constants.get(token)})`;
    }
    if (/^(0[xX]|\d|<<|>>|[-+*/%&|^~()]|\s)/.test(token)) return token;
    throw new Error(`line ${line}: \`${token}\` is not allowed in a layout constant`);
  });
  // Nothing but numbers and operators is left, checked token by token above.
  const value = new Function(`return (${script});`)();
  if (!Number.isInteger(value) || value < INT32_MIN || value > UINT32_MAX) {
    throw new Error(`line ${line}: ${value} is not a 32-bit integer`);
  }
  return value;
}

const MACROS = ['BLOCK_SIZE', 'PAGE_SIZE'];

/** The C++ header that says the same. */
export function layoutHeader(constants) {
  const lines = [...constants].map(([name, value]) => {
    if (value > INT32_MAX) return `constexpr uint32_t ${name} = ${value}u;`;
    // The literal 2147483648 is no int, hence the usual spelling of its negative.
    const literal = value === INT32_MIN ? '-2147483647 - 1' : value;
    return `constexpr int32_t ${name} = ${literal};`;
  });
  return [
    '// Generated from assembly/layout.ts by scripts/layout-header.mjs. Do not edit.',
    '#pragma once',
    '',
    '#include <cstdint>',
    '',
    // Names that headers of some systems have macros for.
    ...MACROS.map((name) => `#undef ${name}`),
    '',
    'namespace layout {',
    '',
    ...lines,
    '',
    '}  // namespace layout',
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const header = layoutHeader(parseLayout(readFileSync(source, 'utf8')));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, header);
  } catch (error) {
    console.error(`assembly/layout.ts: ${error.message}`);
    process.exitCode = 1;
  }
}
