// A chart with logarithmic axes, as SVG: one line for each series of [x, y] points.

const WIDTH = 640;
const HEIGHT = 420;
const MARGIN = { left: 60, right: 90, top: 30, bottom: 50 };
const COLORS = ['#c0392b', '#e67e22', '#2980b9', '#27ae60', '#8e44ad'];

function scale(values, from, to) {
  const logs = values.map(Math.log10);
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const place = (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step));
  return { place, ticks };
}

const shown = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 3 });

export function drawChart({ title, across, up, series }) {
  const points = series.flatMap((one) => one.points);
  const x = scale(
    points.map(([value]) => value),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(
    points.map(([, value]) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const text = (left, top, words, more = '') =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${more}>${words}</text>`;
  const line = (x1, y1, x2, y2) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
  const [right, bottom] = [WIDTH - MARGIN.right, HEIGHT - MARGIN.bottom];
  const grid = [
    ...x.ticks.flatMap((tick) => [
      line(x.place(tick), MARGIN.top, x.place(tick), bottom),
      text(x.place(tick), bottom + 16, shown(tick), 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((tick) => [
      line(MARGIN.left, y.place(tick), right, y.place(tick)),
      text(MARGIN.left - 6, y.place(tick) + 4, shown(tick), 'text-anchor="end"'),
    ]),
  ];
  const lines = series.flatMap(({ name, points: own }, index) => {
    const color = COLORS[index % COLORS.length];
    const places = own.map(([px, py]) => [x.place(px), y.place(py)]);
    const path = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
    const [lastX, lastY] = places.at(-1);
    return [
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      text(lastX + 6, lastY + 4, name, `fill="${color}"`),
    ];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"`,
    ' font-family="sans-serif" font-size="12">',
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 18, title, 'text-anchor="middle" font-size="14"'),
    ...grid,
    text((MARGIN.left + right) / 2, HEIGHT - 12, across, 'text-anchor="middle"'),
    text(14, MARGIN.top - 10, up),
    ...lines,
    '</svg>',
  ].join('\n')}\n`;
}
