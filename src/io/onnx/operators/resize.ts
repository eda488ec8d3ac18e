/** Images of other sizes, as there are kernels for. */
import { sameShape } from "../../../tensor.ts";
import type { Lowering, Table } from "../lower/site.ts";

/** @param rest whatever else these operators say */
export function resizes(rest: Lowering): Table {
  const resize: Lowering = (site, x) => {
    const { shape } = x;
    const known = (i: number): readonly number[] => (site.inputs[i] === undefined ? [] : Array.from(site.known(i, "size").numbers));
    // Upsample, and before opset 11 Resize, have scales alone; at first as an attribute.
    const old = site.node.type === "Upsample" || site.opset < 11;
    const scales = old ? site.node.attributes.get("scales")?.floats ?? known(1) : known(2);
    const sizes = old ? [] : known(3);
    const to = sizes.length > 0 ? sizes : shape.map((n, i) => Math.fround(n * scales[i]));
    const size = [to[2], to[3]] as const;
    const whole = size.every((n, i) => n % shape[2 + i] === 0);
    const mode = site.text("mode", "nearest");
    const how = site.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const nearest = `${how} ${site.text("nearest_mode", old ? "floor" : "round_prefer_floor")}`;
    const fits = shape.length === 4 && sameShape([...shape.slice(0, 2), ...size], to) && to.every((n) => Number.isInteger(n) && n > 0) &&
      site.int("antialias") + site.int("exclude_outside") === 0 && !site.list("axes") &&
      !/^not/.test(site.text("keep_aspect_ratio_policy"));
    const alignCorners = how === "align_corners";
    // Where sizes are multiples, places between two pixels do not matter.
    const usual = fits && (mode === "nearest"
      ? nearest === "asymmetric floor" || (whole && /half_pixel round|nn floor/.test(nearest))
      : mode === "linear" && (alignCorners || how === "half_pixel" || (how === "pytorch_half_pixel" && Math.min(...size) > 1)));
    if (!usual) return rest(site, x);
    return site.operate({ kind: "resize", method: mode === "nearest" ? mode : "bilinear", size, alignCorners }, [x]);
  };
  return { Resize: resize, Upsample: resize };
}
