// A terminal gets colour and a moving progress bar; a pipe, a file, or NO_COLOR gets the same text
// plain.
import { stripVTControlCharacters } from 'node:util';

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const CODES: Record<keyof Paint, readonly [on: number, off: number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Whether escape sequences are welcome. hasColors() knows NO_COLOR, TERM=dumb and the like. */
export function isRich(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors();
}

export function makePaint(rich: boolean): Paint {
  const entries = Object.entries(CODES).map(([name, [on, off]]) => {
    const paint = (text: string): string => (rich ? `\x1b[${on}m${text}\x1b[${off}m` : text);
    return [name, paint];
  });
  return Object.fromEntries(entries) as Paint;
}

/** Aligned columns, two spaces apart. 'right' for figures; a missing alignment means 'left'. */
export function formatTable(
  rows: readonly (readonly string[])[],
  alignments: readonly ('left' | 'right')[] = [],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
    }
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] as number) - visibleLength(cell));
        return alignments[column] === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}

/**
 * 1234567 is "1,234,567", whatever the locale: output that differs by machine is hard to talk
 * about.
 */
export function formatCount(value: number | bigint, digits = 0): string {
  return Number(value).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** "1 turn", "2 turns". */
export function plural(count: number | bigint, noun: string): string {
  return `${formatCount(count)} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

/** A line that is written over, for people who watch; nothing at all when nobody does. */
export interface Progress {
  show(fraction: number, label: string): void;
  clear(): void;
}

const BAR_CELLS = 28;

export function makeProgress(stream: NodeJS.WriteStream, rich: boolean): Progress {
  if (!rich) return { show() {}, clear() {} };
  const paint = makePaint(rich);
  let shownAt = 0;
  return {
    show(fraction, label) {
      // More than twenty times a second is wasted on an eye, and costs the load its core.
      const now = performance.now();
      if (now - shownAt < 50 && fraction < 1) return;
      shownAt = now;
      const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
      const bar = paint.cyan('━'.repeat(full)) + paint.dim('─'.repeat(BAR_CELLS - full));
      stream.write(`\r\x1b[K  ${bar}  ${label}`);
    },
    clear() {
      stream.write('\r\x1b[K');
    },
  };
}
