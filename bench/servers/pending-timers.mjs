// Timers that are started and never fire while the benchmark runs: BENCH_TIMERS of them, each with
// a deadline of its own, an hour ahead and more.

const hour = 3_600_000;

export function keepTimersPending(startTimer) {
  const count = Number(process.env.BENCH_TIMERS ?? 0);
  for (let index = 0; index < count; index++) {
    startTimer(hour + index, () => {
      throw new Error('a timer fired an hour early');
    });
  }
}
