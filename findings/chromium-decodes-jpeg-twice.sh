#!/usr/bin/env bash
# One JPEG in one page of Chromium has two sets of pixels: those of createImageBitmap, and those of ImageDecoder (WebCodecs).
#
# Chromium 156 (Debian's package, which must be installed), headless, x86-64, seen 2026-12-01. Guess from memory: both decode with the
# browser's libjpeg-turbo, and give the same bytes. Seen, of a picture of red and blue edges, 64x48, quality 90, the largest difference of
# a sample (0 to 255):
#
#                          createImageBitmap, <img>   ImageDecoder: drawn, or copyTo({ format: "RGBA" })
#   4:2:0 (JPEG of a canvas)   equal to each other    frame I420: 40 and more from the bitmap, at a third or more of the samples
#   grey                       equal to each other    frame BGRX: equal to the bitmap
#
# ImageDecoder hands out the planes as they lie in the file, and whoever reads RGBA of them gets colour that was stretched without
# libjpeg's "fancy" upsampling. A network that was trained on Pillow's pixels, which canvas and bitmap have to the byte, sees other edges
# when a page takes the newer, asynchronous interface for speed. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then echo "chromium is not installed (Debian: apt install chromium)"; exit 1; fi
"$browser" --version 2> /dev/null
cat > "$work/page.html" <<'HTML'
<!doctype html>
<body>
<script type="module">
const width = 64, height = 48;
const draw = (source) => {
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(source, 0, 0);
  return pen.getImageData(0, 0, width, height).data;
};
const paint = () => {
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d");
  pen.fillStyle = "#808080";
  pen.fillRect(0, 0, width, height);
  for (let k = 0; k < 5; k++) {
    pen.fillStyle = k % 2 ? "#0000ff" : "#ff0000";
    pen.fillRect(3 + 11 * k, 5 + 5 * k, 13, 17);
  }
  return canvas;
};
const compare = (one, other) => {
  let most = 0, count = 0;
  for (let i = 0; i < one.length; i++) {
    const apart = Math.abs(one[i] - other[i]);
    most = Math.max(most, apart);
    if (apart > 0) count++;
  }
  return `${most} ${Math.round((400 / 3) * count / one.length)}`;   // alpha is equal always: of the three others
};
// A grey JPEG of 8x8, all 128: a canvas writes colour only.
const text = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ"
  + "EBAQEBAQEBAQH/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z";
const grey = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const said = [];
const type = "image/jpeg";
for (const [name, blob] of [["colour", await paint().convertToBlob({ type, quality: 0.9 })], ["grey", new Blob([grey], { type })]]) {
  const bitmap = draw(await createImageBitmap(blob));
  const element = new Image();
  element.src = URL.createObjectURL(blob);
  await element.decode();
  const { image } = await new ImageDecoder({ data: await blob.arrayBuffer(), type: "image/jpeg" }).decode();
  const copy = new Uint8Array(4 * image.codedWidth * image.codedHeight);
  await image.copyTo(copy, { format: "RGBA" });
  const full = name === "colour" ? copy : draw(image);
  const img = compare(bitmap, draw(element));
  said.push(`${name} ${image.format} img ${img} drawn ${compare(bitmap, draw(image))} copied ${compare(bitmap, full)}`);
}
document.body.textContent = said.map((line) => `[${line}]`).join("\n");
</script>
HTML
for _ in 1 2 3; do   # on a busy machine the page's text can come before it is written
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --virtual-time-budget=10000 --dump-dom \
    "file://$work/page.html" 2> /dev/null | grep -o '\[[a-z]* [A-Z0-9]* img [^]]*\]' > "$work/seen" || true
  if [ "$(wc -l < "$work/seen")" = 2 ]; then break; fi
done
cat "$work/seen"
awk '
  /^\[colour/ { colour = $2 == "I420" && $4 == 0 && $7 >= 40 && $8 >= 33 && $10 >= 40 }
  /^\[grey/ { grey = $2 == "BGRX" && $4 == 0 && $7 == 0 }
  END { exit !(colour && grey) }' "$work/seen"
echo "as described"
