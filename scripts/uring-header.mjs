// Prints 1 when the kernel's headers know what the io_uring host is written in (those of Linux 6.1
// or later), else 0: for binding.gyp, which leaves that host out then.

import { spawnSync } from 'node:child_process';

const [command, ...given] = (process.env.CC || 'cc').split(' ');
const { stdout } = spawnSync(command, [...given, '-E', '-dM', '-'], {
  input: '#include <linux/io_uring.h>\n',
  encoding: 'utf8',
});
console.log(/#define IORING_SETUP_DEFER_TASKRUN\b/.test(stdout ?? '') ? 1 : 0);
