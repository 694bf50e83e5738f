// What asks a server for the file: these bytes alone. Anything else is echoed. See bench/c/fetch.h.

export function isRequest(bytes) {
  return bytes.length === 5 && Buffer.from('file\n').equals(bytes);
}
