// Content codings: which compressed form of a file a client would rather have. RFC 9110 section
// 12.5.3.

/** What lies beside a file is named so; in the order in which they are preferred. */
export const SUFFIXES: Readonly<Record<string, string>> = { br: '.br', zstd: '.zst', gzip: '.gz' };

export const CODINGS: readonly string[] = Object.keys(SUFFIXES);

const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;
/** Field values that are remembered: clients have few, and short ones. */
const KNOWN_MAX = 64;
const KNOWN_LENGTH_MAX = 100;

/** What is listed, and how much it is wanted: 0 for not at all. */
function weightsOf(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const element of value.split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim());
    const [, weight] = WEIGHT.exec(parameters[0] ?? 'q=1') ?? [];
    if (name !== '' && weight !== undefined) weights.set(name.toLowerCase(), Number(weight));
  }
  // RFC 9110 section 8.4.1.3: an old name for the same.
  const old = weights.get('x-gzip');
  if (old !== undefined && !weights.has('gzip')) weights.set('gzip', old);
  return weights;
}

/** Each list there once: who keeps something for one tells them apart by themselves. */
const lists = new Map<string, readonly string[]>();
const NONE = listOf([]);

function listOf(codings: readonly string[]): readonly string[] {
  const text = codings.join();
  const known = lists.get(text);
  if (known) return known;
  lists.set(text, codings);
  return codings;
}

function parse(value: string): readonly string[] {
  const weights = weightsOf(value);
  const others = weights.get('*');
  const weightOf = (coding: string): number => weights.get(coding) ?? others ?? 0;
  // Nobody lists identity who does not mean to say how much it is wanted.
  const plain = weights.get('identity') ?? 0;
  const wanted = CODINGS.filter((coding) => weightOf(coding) > 0 && weightOf(coding) >= plain);
  return listOf(wanted.sort((a, b) => weightOf(b) - weightOf(a)));
}

const known = new Map<string, readonly string[]>();

/** The codings that are wanted rather than none, the best first; one list for the same ones. */
export function codingsFor(value: string | undefined): readonly string[] {
  if (value === undefined) return NONE;
  const before = known.get(value);
  if (before) return before;
  const codings = parse(value);
  if (value.length > KNOWN_LENGTH_MAX) return codings;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(value, codings);
  return codings;
}
