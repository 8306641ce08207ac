// Markdown tables. A column whose cells are all numbers, with or without a unit, stands to the right.
export function table(head, rows) {
  const cells = rows.map((row) => row.map((cell) => String(cell ?? '')));
  const numeric = head.map((_, i) => i > 0 && cells.every((row) => /^$|^[-–—]$|^[≤<]?-?[\d.,]+( ?\S{1,12})?$/.test(row[i])));
  const line = (row) => `| ${row.join(' | ')} |`;
  return [line(head), `|${numeric.map((right) => (right ? '---:' : '---')).join('|')}|`, ...cells.map(line)].join('\n');
}

// 1234567 -> '1,234,567'; digits counts those after the point.
export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// 1234567 bytes -> '1.23 MB'.
export function bytes(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (Math.abs(value) >= size) return `${number(value / size, value / size >= 100 ? 0 : value / size >= 10 ? 1 : 2)} ${unit}`;
  }
  return `${number(value)} B`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The least squares line through [x, y] points: {slope, intercept}.
export function slope(points) {
  const mean = (i) => points.reduce((sum, point) => sum + point[i], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const below = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return { slope: above / below, intercept: y - (above / below) * x };
}
