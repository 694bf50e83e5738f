// What an emulated Node learns first.

const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

// By which file it can be started again: the kernel here runs no arm64 binary, and a child process
// is started through the kernel.
process.execPath = join(__dirname, '../build/arm64/bin/node');
// Optimized code is translated once more by the emulator: it costs more than it brings.
setFlagsFromString('--no-opt');
