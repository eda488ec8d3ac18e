/**
 * Pictures of chapters as SVG: functions from numbers to text. They show on light and dark pages alike, for they bring their own ground.
 */

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function frame(title: string, width: number, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 28}" width="${width}" role="img" ` +
    `font-family="system-ui, sans-serif" font-size="13"><title>${escape(title)}</title>` +
    `<rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" fill="#222">${escape(title)}</text>` +
    `<g transform="translate(0 28)">${body}</g></svg>\n`;
}

export function imageSvg(title: string, values: ArrayLike<number>, height: number, width: number, low: number, range: number): string {
  const cell = Math.max(6, Math.floor(280 / width));
  let body = "";
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      const grey = Math.round((255 * (values[h * width + w] - low)) / range);
      body += `<rect x="${8 + w * cell}" y="${h * cell}" width="${cell}" height="${cell}" fill="rgb(${grey},${grey},${grey})"/>`;
    }
  }
  return frame(title, Math.max(width * cell + 16, 300), height * cell + 8, body);
}

export function barsSvg(title: string, labels: readonly string[], values: ArrayLike<number>, most: number): string {
  const body = labels.map((label, i) => {
    const long = (280 * Math.max(values[i], 0)) / (most || 1);
    return `<text x="112" y="${20 * i + 14}" text-anchor="end" fill="#222">${escape(label)}</text>` +
      `<rect x="120" y="${20 * i + 3}" width="${long.toFixed(1)}" height="14" fill="#2a6fb0"/>` +
      `<text x="${(126 + long).toFixed(1)}" y="${20 * i + 14}" fill="#222">${values[i].toFixed(3)}</text>`;
  }).join("");
  return frame(title, 460, 20 * labels.length + 8, body);
}

export function curveSvg(title: string, values: readonly number[], low: number, high: number): string {
  const points = values.map((value, i) =>
    `${(40 + (400 * i) / Math.max(1, values.length - 1)).toFixed(1)},${(150 - (140 * (value - low)) / (high - low || 1)).toFixed(1)}`);
  return frame(title, 460, 170,
    `<text x="4" y="16" fill="#222">${high.toFixed(2)}</text><text x="4" y="154" fill="#222">${low.toFixed(2)}</text>` +
    `<polyline points="${points.join(" ")}" fill="none" stroke="#2a6fb0" stroke-width="2"/>`);
}
