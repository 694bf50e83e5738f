// ts-jest, asked only for what jest's cache does not have: what is translated on one processor
// serves the other, and TypeScript is not even loaded there.

const { createHash } = require('node:crypto');

let inner;

function translator() {
  inner ??= require('ts-jest').default.createTransformer({ tsconfig: 'tsconfig.json' });
  return inner;
}

module.exports = {
  getCacheKey: (text, path) => createHash('sha256').update(`${path}\0${text}`).digest('hex'),
  process: (...given) => translator().process(...given),
};
