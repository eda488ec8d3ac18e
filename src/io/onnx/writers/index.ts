/** How each kind of operation is written as ONNX. A kind without a writer does not compile. */
import { convolutionWriters } from "./convolution.ts";
import { elementwiseWriters } from "./elementwise.ts";
import { generalWriters } from "./general.ts";
import { movementWriters } from "./movement.ts";
import { poolingWriters } from "./pooling.ts";
import { quantisedWriters } from "./quantised.ts";
import type { Writers } from "./writer.ts";

export const writers: Writers = {
  ...convolutionWriters, ...elementwiseWriters, ...poolingWriters, ...movementWriters, ...generalWriters,
  ...quantisedWriters,
};
