/** Accuracy under noise as a picture: a row for each network, a field for each corruption, a line with SE and one without. */
import type { Variant } from "../experiments.ts";
import { corruptions } from "./corruptions.ts";
import type { Twins } from "./plan.ts";
import { bySeed } from "./tables.ts";
import type { Records } from "./tables.ts";

const [fieldWidth, fieldHeight, rowHeight, gap] = [190, 130, 210, 34];

/** Mean accuracy without noise, then under each strength; undefined where there is no run. */
function means(records: Records, variant: Variant, name: string, count: number): number[] | undefined {
  const values = Array.from({ length: count + 1 }, (_, i) =>
    [...bySeed(records, variant, ({ changed }) => (i === 0 ? changed?.none?.[0] : changed?.[name]?.[i - 1])).values()]);
  return values.some((list) => list.length === 0) ? undefined : values.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
}

const line = (values: readonly number[], dashed: boolean): string => {
  const at = (value: number, i: number): string => `${(i * fieldWidth) / (values.length - 1)},${(fieldHeight * (1 - value)).toFixed(1)}`;
  const style = dashed ? `stroke="#b0531c" stroke-dasharray="5 4"` : `stroke="#1f5fa8"`;
  return `<polyline points="${values.map(at).join(" ")}" fill="none" stroke-width="2" ${style}/>`;
};

export function robustnessSvg(records: Records, pairs: readonly Twins[]): string {
  const [width, height] = [corruptions.length * (fieldWidth + gap) + gap, pairs.length * rowHeight + 30];
  const fields = pairs.flatMap((pair, row) => corruptions.map(({ name, strengths }, column) => {
    const [without, withSe] = [pair.without, pair.withSe].map((variant) => means(records, variant, name, strengths.length));
    const grid = [0, 0.5, 1].map((level) => {
      const y = fieldHeight * (1 - level);
      const label = column === 0 ? `<text x="-4" y="${y + 4}" text-anchor="end">${100 * level}</text>` : "";
      return `<path d="M0 ${y}H${fieldWidth}" stroke="#ccc"/>${label}`;
    }).join("");
    const ticks = ["none", ...strengths.map(String)].map((text, i) => {
      const x = (i * fieldWidth) / strengths.length;
      return `<text x="${x}" y="${fieldHeight + 14}" text-anchor="middle" font-size="10">${text}</text>`;
    }).join("");
    const head = `${column === 0 ? `<text x="0" y="-24" font-weight="600">${pair.name}</text>` : ""}<text x="0" y="-8">${name}</text>`;
    const lines = without && withSe ? line(without, true) + line(withSe, false) : `<text x="60" y="70">not run yet</text>`;
    const place = `${gap + column * (fieldWidth + gap)} ${44 + row * rowHeight}`;
    return `<g transform="translate(${place})">${head}${grid}${ticks}${lines}</g>`;
  }));
  const key = "Solid, blue: with SE. Dashed, brown: without.";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#222"><title>Accuracy under noise. ${key}</title>` +
    `<rect width="100%" height="100%" fill="#fff"/>${fields.join("")}` +
    `<text x="${gap}" y="${height - 12}">Accuracy, %, by strength. ${key}</text></svg>\n`;
}
