/** One asynchronous run on one thread, and nothing after it: the process waits for its end, and then ends. */
import { createModel } from "../../../models/index.ts";
import { compile } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";

const session = await compile(createModel("se_resnet8", { width: 8, reduction: 4 }), { input: [1, 3, 16, 16], threads: 1 });
void session.runAsync(Tensor.zeros([1, 3, 16, 16])).then(({ shape }) => console.log(shape.join()));
