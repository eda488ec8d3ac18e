/** Operations whose kernels are not trusted: their passes on the plain kernels (pass.ts), between conversions of layout. */
import * as kernels from "../../../../kernels/plain/index.ts";
import type { Constant, Kind, Value } from "../../../graph/graph.ts";
import { allOperations } from "../../backends/all-operations.ts";
import { computationOf } from "../../backends/operations.ts";
import { gather, scatter } from "../../plan/nhwc.ts";
import type { Image } from "../../plan/places.ts";
import type { PlacedMemory } from "../../plan/plan.ts";
import { sizeOf } from "../../../tensor.ts";
import type { Rule, TrainingContext } from "../step/context.ts";
import type { Unit } from "../step/units.ts";
import type { Pass, PassArrays, PassOf } from "./pass.ts";

const known = new WeakMap<Unit, Pass>();

/** Of a unit that is one node: the same on its way forward and back. */
function passOf(unit: Unit, make: PassOf<Kind>): Pass {
  const pass = known.get(unit) ?? make(unit);
  known.set(unit, pass);
  return pass;
}

const sizeOfImage = ({ images, layout: { channels, height, width } }: Image): number => images * channels * height * width;

/** Reads images into arrays. */
function read({ memory, address }: PlacedMemory, images: readonly Image[], arrays: readonly Float32Array[]): void {
  images.forEach((image, i) => gather(memory, address(image), image, arrays[i]));
}

function forward(make: PassOf<Kind>, unit: Unit, { plan, state, image, mask, workspace }: TrainingContext): void {
  const { inputs, output } = unit;
  const [x, y] = [inputs.map((value) => image(value)), image(output)];
  const drawn = unit.operation.kind === "dropout" ? [mask(output)] : [];
  const images = [...x, y, ...drawn];
  const arraysOf = workspace.reserve(images.map(sizeOfImage));
  const pass = passOf(unit, make);
  plan.script(images, (placed) => () => {
    const arrays = arraysOf();
    read(placed, [...x, y, ...drawn], arrays);
    const given: PassArrays = {
      kernels, x: arrays.slice(0, x.length), y: arrays[x.length], mask: () => arrays[x.length + 1],
      constant: (constant) => state.present(constant), scratch: (size) => workspace.scratch(size),
    };
    if (pass.forward !== undefined) pass.forward(given);
    else {
      const array = (value: object): Float32Array => (value === output ? given.y : given.x[inputs.indexOf(value as Value)]);
      computationOf(allOperations, unit).routine(unit, { ...given, kernels: allOperations.kernels, array })();
    }
    scatter(placed.memory, placed.address(y), y, given.y);
  });
}

function backward(
  make: PassOf<Kind>, unit: Unit, dy: Image, { plan, state, gradients, image, mask, workspace }: TrainingContext,
): void {
  const { inputs, output, operation } = unit;
  const [x, y] = [inputs.map((value) => image(value)), image(output)];
  const drawn = operation.kind === "dropout" ? [mask(output)] : [];
  const wanted = [...new Set(inputs)].filter((value) => gradients.wants(value));
  const targets = wanted.map((value) => gradients.target(value));
  const [read1, written] = [[...x, y, dy, ...drawn], targets.map((target) => target.image)];
  const arraysOf = workspace.reserve([...read1, ...written].map(sizeOfImage));
  const pass = passOf(unit, make);
  plan.script([...read1, ...written], (placed) => () => {
    const arrays = arraysOf();
    read(placed, read1, arrays);
    const into = arrays.slice(read1.length);
    targets.forEach(({ image: dx, accumulate }, i) => {
      if (accumulate) read(placed, [dx], [into[i]]);
      else into[i].fill(0);
    });
    pass.backward({
      kernels, x: arrays.slice(0, x.length), y: arrays[x.length], dy: arrays[x.length + 1], mask: () => arrays[x.length + 2],
      dx: inputs.map((value) => into[wanted.indexOf(value)]),
      constant: (constant) => state.present(constant), scratch: (size) => workspace.scratch(size),
      gradient: (constant: Constant | undefined) => (
        state.trains(constant) ? state.view(state.gradient(constant), sizeOf(constant.read().shape)) : undefined
      ),
    });
    targets.forEach(({ image: dx }, i) => scatter(placed.memory, placed.address(dx), dx, into[i]));
  });
}

/** @param make makes the passes of a node */
export function plainRule(make: PassOf<Kind>): Rule {
  return {
    forward: (unit, context) => forward(make, unit, context),
    backward: (unit, dy, context) => backward(make, unit, dy, context),
  };
}
