// Copies the HTTP parser, llhttp in WebAssembly, out of undici, with its licence: a development
// dependency of which only this file is needed when the package runs.
//
// Usage: node scripts/llhttp.mjs <folder>

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const folder = resolve(process.argv[2]);
const undici = dirname(require.resolve('undici/package.json'));
const code = require('undici/lib/llhttp/llhttp_simd-wasm.js');

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'llhttp.wasm'), code);
copyFileSync(join(undici, 'LICENSE'), join(folder, 'LICENSE'));
