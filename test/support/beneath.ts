// A folder with everything that a path can lead to, and beside it what no path may lead to.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

export interface Tree {
  readonly root: string;
  close(): void;
}

/** Under a path that nobody has used yet. */
export async function plantTree(path: string): Promise<Tree> {
  const root = join(path, 'root');
  mkdirSync(join(root, 'folder', 'below'), { recursive: true });
  mkdirSync(join(path, 'root-beside'));
  writeFileSync(join(path, 'secret'), 'secret');
  writeFileSync(join(path, 'root-beside', 'secret'), 'secret');
  writeFileSync(join(root, 'file'), 'file');
  writeFileSync(join(root, 'folder', 'below', 'deep'), 'deep');
  const links: Readonly<Record<string, string>> = {
    within: 'folder/below/deep',
    'folder/up': '../file',
    'to-folder': 'folder',
    out: '../secret',
    'out-absolute': join(path, 'secret'),
    'out-folder': '..',
    'out-beside': '../root-beside',
    'out-and-back': '../root/file',
    'out-null': '/dev/null',
    'out-self': '/proc/self/environ',
    loop: 'loop',
    nowhere: 'not-there',
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const server = await new Promise<Server>((resolve) => {
    const listening = createServer().listen(join(root, 'socket'), () => resolve(listening));
  });
  return { root, close: () => server.close() };
}

/** What is opened by each path; in capitals why not. */
export const LEADS_TO: Readonly<Record<string, string>> = {
  file: 'file',
  'folder/below/deep': 'deep',
  folder: 'a folder',
  'folder/below': 'a folder',
  within: 'deep, linked',
  'folder/up': 'file, linked',
  'to-folder/below/deep': 'deep, linked',
  'to-folder': 'a folder, linked',
  out: 'EXDEV',
  'out-absolute': 'EXDEV',
  'out-folder/secret': 'EXDEV',
  // Who asks where it lies, and not which way led there, takes it for one within.
  'out-folder/root/file': 'EXDEV or file, linked',
  'out-and-back': 'EXDEV or file, linked',
  'out-beside/secret': 'EXDEV',
  'out-null': 'EXDEV or ENXIO',
  'out-self': 'EXDEV',
  loop: 'ELOOP',
  nowhere: 'ENOENT',
  'not-there': 'ENOENT',
  'file/below': 'ENOTDIR',
  pipe: 'ENXIO',
  socket: 'ENXIO',
};
