import { type Comparison, deviation } from './calibration.ts';

const [CELL_WIDTH, CELL_HEIGHT, COLUMNS] = [250, 210, 3] as const;
const [LEFT, TOP, SIDE, DOWN] = [34, 40, 196, 130] as const;
const number = (value: number): string => String(Math.round(value * 100) / 100);

/** Measured (hollow) against simulated (filled) quantiles, a small chart each, logarithmic upwards. */
export function calibrationSvg(comparisons: readonly Comparison[]): string {
  const rows = Math.ceil(comparisons.length / COLUMNS);
  const [width, height] = [COLUMNS * CELL_WIDTH, rows * CELL_HEIGHT + 24];
  const cells = comparisons.map((comparison, i) => {
    const [x, y] = [(i % COLUMNS) * CELL_WIDTH, Math.floor(i / COLUMNS) * CELL_HEIGHT];
    return `<g transform="translate(${x} ${y})">${chart(comparison)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...cells,
    `<text x="8" y="${height - 8}" fill="#444">○ measured  ● simulated; made by npm run simulate -- --calibration --svg FILE</text>`,
    '</svg>\n',
  ].join('\n');
}

function chart(comparison: Comparison): string {
  const { name, unit, quantiles } = comparison;
  const values = quantiles.flatMap(({ measured, simulated }) => [measured, simulated]).map(Math.log);
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY) - 0.15;
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY) + 0.15;
  const x = (share: number): string => number(LEFT + share * SIDE);
  const y = (value: number): string => number(TOP + DOWN * (1 - (Math.log(value) - low) / (high - low)));
  const line = (pick: 'measured' | 'simulated'): string =>
    quantiles.map((quantile) => `${x(quantile.share)},${y(quantile[pick])}`).join(' ');
  return [
    `<text x="${LEFT}" y="16" font-weight="bold">${name}</text>`,
    `<text x="${LEFT}" y="30" fill="#666">${unit} · largest deviation ${Math.round(deviation(comparison) * 100)} %</text>`,
    `<rect x="${LEFT}" y="${TOP}" width="${SIDE}" height="${DOWN}" fill="none" stroke="#ddd"/>`,
    `<polyline points="${line('measured')}" fill="none" stroke="#999" stroke-dasharray="3 3"/>`,
    `<polyline points="${line('simulated')}" fill="none" stroke="#1f6feb"/>`,
    ...quantiles.flatMap(({ share, measured, simulated }) => [
      `<circle cx="${x(share)}" cy="${y(measured)}" r="4" fill="#fff" stroke="#555"/>`,
      `<circle cx="${x(share)}" cy="${y(simulated)}" r="2.4" fill="#1f6feb"/>`,
      `<text x="${x(share)}" y="${TOP + DOWN + 13}" text-anchor="middle" fill="#666">p${share * 100}</text>`,
    ]),
  ].join('\n');
}
