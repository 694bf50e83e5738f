// The measured interval of a program that measures itself: after a warm-up, and with the processor
// time of all threads in exactly this time.

const nanosecondsAMicrosecond = 1000;

function processorNanoseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) * nanosecondsAMicrosecond;
}

// Times in seconds. `begin` is called when the measured time begins.
export function makeInterval({ seconds, warmup, begin }) {
  const start = performance.now();
  let began;
  let processor;
  let result;
  // False when it is over; from then on there is a result. Cheap, but not free: ask now and then.
  function continues() {
    if (result) return false;
    const now = performance.now();
    if (began === undefined) {
      if (now - start >= warmup * 1000) {
        began = now;
        processor = processorNanoseconds();
        begin();
      }
      return true;
    }
    if (now - began < seconds * 1000) return true;
    const cpuNanoseconds = processorNanoseconds() - processor;
    result = { seconds: (now - began) / 1000, cpuNanoseconds };
    return false;
  }
  return { continues, result: () => result };
}
