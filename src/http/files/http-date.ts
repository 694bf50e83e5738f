// Dates in header fields. RFC 9110 section 5.6.7: one form to write, three to read; anything else
// is no date, and its field is ignored.
const IMF = /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC850 = /^\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** Seconds since 1970, or NaN. */
export function parseHttpDate(text: string): number {
  if (IMF.test(text) || RFC850.test(text)) return Date.parse(text) / 1000;
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) / 1000 : Number.NaN;
}

export function formatHttpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}
