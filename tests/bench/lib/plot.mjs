// Line plots as SVG files that need nothing else, readable on light and dark pages.

const WIDTH = 720;
const HEIGHT = 400;
const FRAME = { left: 84, right: 20, top: 44, bottom: 56 };
const COLORS = ['#2b7bba', '#d1651f', '#3a9a4c', '#b13a8e', '#8a6d1b', '#5b5bd6'];
const STYLE = `text{font:13px sans-serif;fill:#333}.grid{stroke:#8884;stroke-width:1}.axis{stroke:#888}.title{font-weight:bold;font-size:15px}
@media(prefers-color-scheme:dark){text{fill:#ddd}}`;

// {title, x: {label, log}, y: {label, log}, lines: [{name, points: [[x, y]]}]}. A linear axis begins at 0.
export function plot({ title, x, y, lines }) {
  const points = lines.flatMap((line) => line.points);
  const across = axis(x, points.map((point) => point[0]), FRAME.left, WIDTH - FRAME.right);
  const up = axis(y, points.map((point) => point[1]), HEIGHT - FRAME.bottom, FRAME.top);
  const out = [];
  for (const tick of across.ticks) {
    const at = round(across.place(tick));
    out.push(`<line class="grid" x1="${at}" x2="${at}" y1="${FRAME.top}" y2="${HEIGHT - FRAME.bottom}"/>`);
    out.push(`<text x="${at}" y="${HEIGHT - FRAME.bottom + 20}" text-anchor="middle">${short(tick)}</text>`);
  }
  for (const tick of up.ticks) {
    const at = round(up.place(tick));
    out.push(`<line class="grid" x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${at}" y2="${at}"/>`);
    out.push(`<text x="${FRAME.left - 8}" y="${at + 4}" text-anchor="end">${short(tick)}</text>`);
  }
  lines.forEach((line, i) => {
    const color = COLORS[i % COLORS.length];
    const places = line.points.map((point) => [round(across.place(point[0])), round(up.place(point[1]))]);
    out.push(`<polyline fill="none" stroke="${color}" stroke-width="2" points="${places.map((place) => place.join(',')).join(' ')}"/>`);
    for (const [cx, cy] of places) out.push(`<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`);
    if (lines.length === 1) return;
    const top = FRAME.top + 16 + i * 20;
    out.push(`<rect x="${FRAME.left + 14}" y="${top - 6}" width="18" height="4" fill="${color}"/>`);
    out.push(`<text x="${FRAME.left + 40}" y="${top}">${escape(line.name)}</text>`);
  });
  const middle = (FRAME.top + HEIGHT - FRAME.bottom) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">
<style>${STYLE}</style>
<text class="title" x="${FRAME.left}" y="24">${escape(title)}</text>
${out.join('\n')}
<path class="axis" fill="none" d="M${FRAME.left},${FRAME.top}V${HEIGHT - FRAME.bottom}H${WIDTH - FRAME.right}"/>
<text x="${(FRAME.left + WIDTH - FRAME.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(x.label)}</text>
<text transform="translate(18,${middle}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>
</svg>
`;
}

function axis({ log = false }, values, from, to) {
  const top = Math.max(...values, log ? 1e-9 : 0) || 1;
  if (!log) {
    const step = niceStep(top / 5);
    const end = Math.ceil(top / step - 1e-9) * step;
    const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
    return { ticks, place: (value) => from + ((to - from) * value) / end };
  }
  const least = Math.min(...values.filter((value) => value > 0));
  const [first, last] = [Math.floor(Math.log10(least) + 1e-9), Math.max(Math.ceil(Math.log10(top) - 1e-9), Math.floor(Math.log10(least)) + 1)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return { ticks, place: (value) => from + ((to - from) * (Math.log10(Math.max(value, 10 ** first)) - first)) / (last - first) };
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9));
}

function short(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

const round = (value) => Math.round(value * 10) / 10;
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
