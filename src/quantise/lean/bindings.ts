/** Which kernels sessions of few bytes know: those of bytes, and the row that a classifier reads. */
import { toPlanarKernel } from "../../../kernels/wasm/operations/move.ts";
import type { Binding, Bindings } from "../../session/backends/wasm/bindings/binding.ts";
import { quantisedBindings } from "../../session/backends/wasm/bindings/quantised.ts";
import { callOf } from "../../session/plan/kernel-call.ts";
import { batchOf } from "../../session/plan/layouts.ts";

/** Rows of the classifier: a pixel a channel, or all of an image. */
const flatten: Binding<"flatten"> = {
  bind: ({ inputs: [x], output }, { image }) => callOf(toPlanarKernel(image(x).layout), batchOf(x), [image(output), image(x)]),
};

/** All that such networks are made of. */
export const leanBindings: Partial<Bindings> = { ...quantisedBindings, flatten };
