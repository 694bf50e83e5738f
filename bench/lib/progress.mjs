// One line on stderr that is written over, for people who watch; nothing when nobody does.

export function makeProgress(stream = process.stderr) {
  if (!stream.isTTY) return Object.assign(() => {}, { clear() {} });
  const show = (text) => stream.write(`\r\x1b[K${text}`);
  return Object.assign(show, { clear: () => stream.write('\r\x1b[K') });
}
