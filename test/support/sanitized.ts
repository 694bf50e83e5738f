/**
 * Under the sanitizers (scripts/sanitize.mjs) resident memory is mostly theirs: shadow, redzones
 * and what they hold back. What the library holds is measured without them.
 */
export const sanitized = process.env.LD_PRELOAD?.includes('libasan') ?? false;
