// Options whose type is right and whose value is not: each is refused with the value in the
// message.
import { type CreateReactorOptions, createReactor, epoll } from '../../src';

function refusal(options: CreateReactorOptions): { code?: string; message: string } {
  try {
    void createReactor({ host: 'node', ...options }).close();
  } catch (error) {
    return error as Error & { code: string };
  }
  return { message: 'it was taken' };
}

describe('values out of range', () => {
  test.each([-1n, 2n ** 64n])('a seed of %s is refused: a trace could not hold it', (seed) => {
    const { code, message } = refusal({ seed });
    expect(code).toBe('ERR_CALANDRIA_BAD_OPTION');
    expect(message).toContain(String(seed));
  });

  test.each([
    { connections: 1 << 20 },
    { queueBytesTotal: 1 << 30, connections: 200_000 },
    { readBytes: 16 << 20, readSegments: 64, queueBytesTotal: 1 << 30 },
  ])('limits that need more memory than there is are refused by name: %j', (limits) => {
    const { code, message } = refusal({ limits });
    expect(code).toBe('ERR_CALANDRIA_BAD_OPTION');
    expect(message).toMatch(/^These limits need \d+ MiB of memory/);
  });

  test.each([-5, Number.NaN, Number.POSITIVE_INFINITY])('a spin of %s is refused', (spin) => {
    expect(() => epoll({ spin })).toThrow(`not ${spin}`);
  });
});
