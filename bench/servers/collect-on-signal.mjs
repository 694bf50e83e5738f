// SIGUSR2 asks a JavaScript server to collect its garbage, so that what is left of its memory
// is what it needs. "collected" on stdout says that it was done.

const pause = 50;

function collect() {
  if (globalThis.Bun) globalThis.Bun.gc(true);
  else globalThis.gc?.();
}

export function collectOnSignal() {
  process.on('SIGUSR2', () => {
    collect();
    // What finalizers and weak references held until now falls to the second one.
    setTimeout(() => {
      collect();
      console.log('collected');
    }, pause);
  });
}
