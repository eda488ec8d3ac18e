/**
 * Deliberate errors in the passes over graphs, in plans of memory, in the rules of training and in its steps and updates: sessions of the
 * network named with each must then disagree with the eager engine. `find` must stand exactly once in the file.
 */
export interface SessionMutation {
  /** In src/session. */
  readonly file: string;
  /** The kind of error. */
  readonly error: string;
  readonly find: string;
  readonly replace: string;
  /** Of `networks` (sessions.test.ts): the one that shows it. */
  readonly network: string;
}

function of(
  file: string, network: string, ...list: readonly (readonly [error: string, find: string, replace: string])[]
): SessionMutation[] {
  return list.map(([error, find, replace]) => ({ file, network, error, find, replace }));
}

export const passMutations: readonly SessionMutation[] = [
  ...of("optimise/passes/fold-batch-norm.ts", "flat",
    ["forgets epsilon", "variance[c] + norm.epsilon", "variance[c]"]),
  ...of("optimise/passes/fold-batch-norm.ts", "resnet",
    ["forgets the root", "value / Math.sqrt(", "value / ("],
    ["mean with the wrong sign", "- mean[c])", "+ mean[c])"],
    ["forgets beta", "- mean[c]) + beta[c]", "- mean[c])"],
    ["beta scaled too", "((bias?.[c] ?? 0) - mean[c]) + beta[c]", "((bias?.[c] ?? 0) - mean[c] + beta[c])"],
    ["weights are not scaled", "out[i] = weight.data[i] * k[channel]", "out[i] = weight.data[i]"],
    ["keeps the convolution's output's name", "output: node.output,\n    });", "output: conv.output,\n    });"]),
  ...of("optimise/passes/fold-batch-norm.ts", "vgg",
    ["forgets the convolution's own bias", "(bias?.[c] ?? 0) - mean[c]", "0 - mean[c]"]),
  ...of("optimise/passes/fold-squeeze.ts", "bottleneck",
    ["the squeeze of the wrong value", "const [x] = conv.inputs;", "const [x] = node.inputs;"]),
  ...of("optimise/passes/fold-squeeze.ts", "maximum",
    ["a maximum commutes too", 'node.operation.by !== "mean"', "(node.operation.by as string) === undefined"]),
  ...of("optimise/passes/fold-squeeze.ts", "resnet",
    [
      "a wide convolution commutes too",
      'conv.kernel.join() === "1,1" && conv.stride.join() === "1,1" && Math.max(...conv.padding) === 0', 'conv.stride.join() === "1,1"',
    ]),
  ...of("optimise/passes/fold-scale.ts", "depthwise",
    ["bias is scaled too", "biasLast: true", "biasLast: false"],
    ["gate and input change places", "inputs: [x, gate, ...others]", "inputs: [gate, x, ...others]"]),
  ...of("optimise/passes/fold-scale.ts", "mobile",
    ["any convolution is depthwise", "if (!depthwise || scaled", "if (scaled"]),
  ...of("optimise/passes/fuse-epilogue.ts", "bottleneck",
    ["gate forgotten", "epilogue: { ...none, gate: true }", "epilogue: { ...none, gate: false }"],
    ["gate lost where the residual comes in", "epilogue: { ...before, residual: true }", "epilogue: { ...none, residual: true }"]),
  ...of("optimise/passes/fuse-epilogue.ts", "resnet",
    ["residual forgotten", "{ ...before, residual: true }", "{ ...before, residual: false }"],
    ["input and residual change places", "inputs: [...conv.inputs, other]", "inputs: [other, ...conv.inputs]"],
    ["activation forgotten", "epilogue: { ...before, activation: { activation, slope, offset } }", "epilogue: { ...before }"]),
  ...of("optimise/passes/fuse-epilogue.ts", "dense",
    ["activation of a normalisation forgotten", "const joined = { activation: { activation, slope, offset } };", "const joined = {};"]),
];

export const planMutations: readonly SessionMutation[] = [
  ...of("plan/planner.ts", "resnet",
    ["halos stay as dirty as they are", "place.layout.halo === 0 || this", "place.layout.halo >= 0 || this"],
    ["a region is free after its first use", "else life.to = entry;", "else life.to = life.from;"]),
  ...of("plan/memory-plan.ts", "resnet",
    ["what begins as another ends may lie in it", "lifetimes[j].from <= lifetimes[i].to", "lifetimes[j].from < lifetimes[i].to"],
    ["any gap is large enough", "gap >= rounded[i] && gap < bestGap", "gap >= 0 && gap < bestGap"],
    ["sizes of neighbours are forgotten", "end = Math.max(end, offsets[j] + rounded[j]);", "end = Math.max(end, offsets[j]);"]),
  ...of("plan/plan.ts", "resnet",
    ["images begin at their halo's corner", "isImage(place) ? interiorBytes(place.layout) : 0", "0"],
    ["regions all lie at the arena's beginning", "base + (offsets.get(regionOf(place)!) ?? total)", "base"]),
  ...of("plan/kernel-call.ts", "resnet",
    ["every image is the first", "place.images > 1 ? imageBytes(place.layout) : 0", "place.images > 1 ? 0 : 0"],
    ["only the first part is computed", "count: kernel.parts ?? 1, unit: 1", "count: 1, unit: 1"]),
  ...of("plan/layouts.ts", "resnet",
    [
      "halos as the narrowest padding wants", "Math.max(halos.get(x) ?? 0, halo?.(node) ?? 0)",
      "Math.min(halos.get(x) ?? 0, halo?.(node) ?? 0)",
    ]),
  ...of("plan/layouts.ts", "bottleneck",
    ["height and width change places", "height: sizeOf(image) / width, width,", "height: width, width: sizeOf(image) / width,"]),
  ...of("plan/lifetimes.ts", "resnet",
    ["values last until their first reader", "last.set(input, at)", "last.has(input) || last.set(input, at)"]),
  ...of("plan/places.ts", "resnet",
    ["memory for one image only", "bytes: images * imageBytes(layout)", "bytes: imageBytes(layout)"]),
  ...of("plan/nhwc.ts", "unet",
    ["out for in", "if (inwards)", "if (!inwards)"],
    ["images overlap", "address / unit + n * imagePitch(layout)", "address / unit"]),
];

export const stepMutations: readonly SessionMutation[] = [
  ...of("training/step/step.ts", "resnet",
    ["units go back in the order in which they went", "[...units].reverse()", "[...units]"],
    ["what no parameter lies behind only", "if (own || read(unit).some", "if (!own && read(unit).some"]),
  // What is copied because others hold it comes up in random networks only (test/random).
  ...of("training/step/gradients.ts", "resnet",
    ["further gradients overwrite", "return { image: known, accumulate: true }", "return { image: known, accumulate: false }"]),
  ...of("training/step/gradients.ts", "mobile",
    ["what others hold is written over", "this.#holders.get(region) === 1", "this.#holders.get(region)! >= 1"]),
  ...of("training/step/units.ts", "resnet",
    ["the activation is lost", "activation: activationOf(joined.at(-1)), output", "activation: undefined, output"],
    ["the residual is lost", "residual: sum?.inputs.find((value) => value !== node.output)", "residual: undefined"]),
  ...of("training/loss.ts", "resnet",
    ["the label's logit is added", "- terms[3 * i + 2])", "+ terms[3 * i + 2])"],
    ["the gradient of another row's scale", "[dense, terms, x, targets, scales]", "[dense, terms, x, targets, targets]"]),
  ...of("training/targets.ts", "resnet",
    ["every label is the first", "targets[i * classes + labels[i]] +=", "targets[i * classes] +="]),
  ...of("training/state.ts", "resnet",
    ["all gradients lie at one place", "frozen ? this.#trash : gradients + offset", "frozen ? this.#trash : gradients"],
    ["weights are not taken over", "this.view(address + offset, size).set(tensor().data);", "this.view(address + offset, size);"]),
];

export const updateMutations: readonly SessionMutation[] = [
  ...of("training/update.ts", "resnet",
    ["gradients stay from step to step", "plan.whole(zeroKernel(trainable), [gradients], 4 * trainable),\n", ""],
    ["no weight decay", "weightDecay: group.weightDecay, gradientScale", "weightDecay: 0, gradientScale"],
    ["the default momentum", "momentum: rule.momentum ?? sgdDefaults.momentum", "momentum: sgdDefaults.momentum"],
    ["always Nesterov's", "(this.#rule.nesterov ?? sgdDefaults.nesterov)", "true"],
    ["the second correction is the first", "pow(beta2, update)", "pow(beta1, update)"],
    ["betas change places", "beta1, oneLessBeta1: 1 - beta1, beta2,", "beta1: beta2, oneLessBeta1: 1 - beta1, beta2: beta1,"],
    ["clips to another norm", "this.#clipping + 8, 1)[0] = clip", "this.#clipping + 8, 1)[0] = 2 * clip"],
    [
      "clips after the update", "this.#planClipping(plan);\n    this.#planRule(plan);",
      "this.#planRule(plan);\n    this.#planClipping(plan);",
    ],
    ["averages do not move", "1 - averageDecay(average, update)", "0"]),
  ...of("training/state.ts", "resnet",
    ["statistics are not given back", "tensor().data.set(this.view(running + offset, size));", "void running;"]),
];

export const ruleMutations: readonly SessionMutation[] = [
  ...of("training/rules/batch-norm.ts", "resnet",
    ["statistics of another's", "statistics.set(unit, [mean, inverseStd]);", "statistics.set(unit, [inverseStd, mean]);"],
    [
      "beta's gradient to gamma",
      "state.gradient(gamma), state.gradient(beta), coefficients", "state.gradient(beta), state.gradient(gamma), coefficients",
    ]),
  ...of("training/rules/batch-norm.ts", "mobile",
    ["the shortcut gets nothing", "gradients.contribute(residual, dy);\n    return normalisation", "return normalisation"]),
  ...of("training/rules/convolution.ts", "resnet",
    ["the bias is not packed", "packForward(params, bias !== undefined)", "packForward(params, false)"],
    ["the gradient of the wrong operand", "[dx, dz, packed], work)", "[dx, dz, state.value(weight)], work)"],
    ["weights by dy and x changed", "[state.gradient(weight), scratch, x, dz]", "[state.gradient(weight), scratch, dz, x]"]),
  ...of("training/rules/moves.ts", "dense",
    ["every slice is the first", "first += input.shape[1];", "first += 0;"]),
  ...of("training/rules/moves.ts", "shuffle",
    ["shuffled the same way back", "input.shape[1] / groupsOf(unit)), [dx, dy]", "groupsOf(unit)), [dx, dy]"]),
  ...of("training/rules/pointwise.ts", "legacy",
    [
      "a sum gives one term only",
      "for (const input of unit.inputs) gradients.contribute(input, dz);", "gradients.contribute(unit.inputs[0], dz);",
    ]),
  ...of("training/rules/pointwise.ts", "mobile",
    ["the mask of the wrong value", "FROM_OUTPUT.has(operation.activation) ? unit.output : unit.inputs[0]", "unit.output"]),
  ...of("training/rules/pooling.ts", "inception",
    ["maxima of another image", "[dx, x, y, dy], work)", "[dx, y, y, dy], work)"],
    ["every pool is a mean", 'if (unit.operation.kind === "max_pool") {', "if (false as boolean) {"]),
  ...of("training/rules/scale.ts", "resnet",
    ["the gate's gradient of the gate", "[dgate, x, dy, ...mask]", "[dgate, dy, dy, ...mask]"],
    ["the gate's gradient goes nowhere", "gradients.give(gateValue, dgate);", ""],
    ["the mean's part is forgotten", "return waiting(dy);", "return waiting();"]),
  ...of("training/rules/shared.ts", "resnet",
    [
      "relu is forgotten",
      "if (unit.activation === undefined) {\n    gradients.hold", "if (unit.activation !== undefined) {\n    gradients.hold",
    ]),
  ...of("training/rules/shared.ts", "vgg",
    ["no bias learns", "if (!state.trains(bias)) return", "if (state.trains(bias)) return"]),
  ...of("training/rules/transposed-convolution.ts", "unet",
    ["the bias is overwritten", "data(params, bias !== undefined)", "data(params, false)"],
    ["weights by x and dy changed", "scratch, dy, x], workOf(unit))", "scratch, x, dy], workOf(unit))"]),
];
