// ts-jest, asked only for what jest's cache does not have: what is translated on one processor
// serves the other, and TypeScript is not even loaded there.

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const TSCONFIG = join(__dirname, '../tsconfig.json');

/** What the result depends on besides the file: who translates, and how it is told to. */
const TRANSLATOR = [
  ...['ts-jest', 'typescript'].map((name) => require(`${name}/package.json`).version),
  readFileSync(TSCONFIG, 'utf8'),
].join('\0');

let inner;

function translator() {
  inner ??= require('ts-jest').default.createTransformer({ tsconfig: TSCONFIG });
  return inner;
}

function getCacheKey(text, path) {
  return createHash('sha256').update([TRANSLATOR, path, text].join('\0')).digest('hex');
}

module.exports = { getCacheKey, process: (...given) => translator().process(...given) };
