import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epoll, openTrace } from '../../src';
import { measureFairness, TURNS_MAX } from '../support/checkers/fairness';
import { ECHO } from '../support/conformance';
import { startRecording } from '../support/recording';

const CLIENTS = 8;
const READERS = 16;
const READS = 1500;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calandria-fair-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Sends a message, waits for its echo, and so on until it is told to stop. */
function ping(port: number, running: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('ping'));
    socket.on('data', () => (running() ? socket.write('ping') : socket.end()));
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

test('R4.24: under load on both, completions and sockets move on every two turns', async () => {
  const path = join(folder, 'data');
  writeFileSync(path, Buffer.alloc(1 << 20, 'data'));
  const recording = startRecording({ host: epoll() });
  const { reactor } = recording;
  const listener = reactor.listen({ port: 0 }, ECHO);
  const { port } = await listener.ready();
  const file = await reactor.openFile(path, 'r', 0, { direct: true });
  let running = true;
  const clients = Array.from({ length: CLIENTS }, () => ping(port, () => running));
  let left = READS;
  const reader = async (): Promise<void> => {
    const buffer = Buffer.alloc(4096);
    while (left-- > 0) await file.read(buffer, 0, 4096, (left % 256) * 4096);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  running = false;
  await Promise.all(clients);
  await file.close();
  await reactor.close();
  const sockets = (record: number): boolean => record !== listener.record;
  const report = measureFairness(openTrace(recording.file).turns(), sockets);
  expect(report.announcements).toBeGreaterThan(20);
  expect(report.contested).toBeGreaterThan(20);
  expect(report.filesWaited).toBeLessThanOrEqual(TURNS_MAX);
  expect(report.socketsWaited).toBeLessThanOrEqual(TURNS_MAX);
});
