/** Names that wrappers, trainers and other libraries leave: the model's tensors are found by what fits best, and it is said how. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { modelOfWeights, createModel } from "../../../models/index.ts";
import { fitNames } from "../../../src/io/weights/fit.ts";
import type { AnyTensor } from "../../../src/io/weights/names.ts";
import type { StoredTensor } from "../../../src/io/weights/stored.ts";
import type { SafetensorsFile } from "../../../src/io/weights/safetensors.ts";
import { stateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { Tensor } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";
import { manifest } from "../../fixtures/manifests.ts";
import { loadWeights } from "../../../src/weights/weights.ts";

type Named = [name: string, tensor: AnyTensor];
const small = { width: 8, reduction: 4 };
const source = createModel("se_resnet8", small, 5);
const own: readonly Named[] = [...stateDict(source)];
/** A file of tensors, most of which are read already. */
const file = (tensors: Iterable<Named>): SafetensorsFile => ({
  tensors: new Map(tensors) as Map<string, Tensor>, metadata: {}, ignored: [],
});
const stored = (dtype: string, shape: Shape, width: number): StoredTensor => ({
  dtype, shape, bytes: () => new Uint8Array(width * shape.reduce((a, b) => a * b, 1)),
});
const counters: Named[] = own.filter(([name]) => name.endsWith("running_mean"))
  .map(([name]) => [name.replace("running_mean", "num_batches_tracked"), stored("I64", [], 8)]);
const renamed = (rename: (name: string) => string, tensors: readonly Named[] = own): Named[] => tensors.map(
  ([name, tensor]) => [rename(name), tensor],
);

/** Loads, and compares every number. @returns the notes in one text */
function loads(tensors: Iterable<Named>, options = {}, expected = own): string {
  const model = createModel("se_resnet8", small, 6);
  const { notes } = loadWeights(model, file(tensors), options);
  const state = stateDict(model);
  for (const [name, tensor] of expected) {
    assert.ok((tensor as Tensor).data.every((value: number, i: number) => value === state.get(name)!.data[i]), name);
  }
  return notes.join("\n");
}

test("names as they are, and counters beside them, need no remark", () => {
  assert.is(loads(own), "");
  assert.is(loads([...own, ...counters]), "");
});

test("wrappers and trainers put words before names", () => {
  for (
    const head of [
      "module.", "model.", "net.", "encoder.", "backbone.", "state_dict.model.", "_orig_mod.", "module._orig_mod.",
      "student.module.backbone.", "a.b.c.d.e.f.",
    ]
  ) {
    assert.match(loads(renamed((name) => head + name, [...own, ...counters])), /^names are read without "/, head);
  }
  assert.match(loads(renamed((name) => `model.${name}`)), /^names are read without "model\."$/);
});

test("all words that were taken off are told as they stood, however deep they are nested", () => {
  const told = (head: string): string => loads(renamed((name) => head + name));
  for (
    const head of [
      "_orig_mod.module.", "_orig_mod._orig_mod.", "module.module.", "module._orig_mod.module._fsdp_wrapped_module.",
      "model._orig_mod.net.module.", "net.module._orig_mod.net.", "state_dict.state_dict.module.model.", "module.model.module.",
      "_forward_module.module._orig_mod._fsdp_wrapped_module._checkpoint_wrapped_module._fsdp_wrapped_module._orig_mod.module.",
    ]
  ) {
    assert.is(told(head), `names are read without "${head}"`);
  }
  const within = loads(renamed((name) => name.replace(/^layer1\./, "layer1._orig_mod._orig_mod.")));
  assert.is(within, 'names are read without "_orig_mod._orig_mod."');
  assert.is(told(`${"module.".repeat(10_000)}_orig_mod.`), 'names are read without "module." 10000 times, then "_orig_mod."');
  // Some tensors have one wrapper, others another.
  const mixed = loads(renamed((name) => (name.startsWith("fc") ? `_orig_mod.${name}` : `module.${name}`)));
  assert.is(mixed, 'names are read without "module.", "_orig_mod."');
});

test("and between them", () => {
  assert.match(loads(renamed((name) => name.replace(/^layer1\./, "layer1.module."))), /without "module\."/);
  assert.match(
    loads(
      renamed((name) => name.replace(/^layer(\d)\.0\./, "_fsdp_wrapped_module.layer$1._fsdp_wrapped_module.0._checkpoint_wrapped_module.")),
    ),
    /_fsdp_wrapped_module/,
  );
  assert.match(loads(renamed((name) => `backbone.${name.replace(/^(layer\d\.\d)\./, "$1.body.")}`)), /without "backbone\.", "body\."/);
});

test("parts of a trainer beside the network are left out, and named", () => {
  const vector: AnyTensor = Tensor.zeros([3]);
  assert.match(
    loads([...renamed((name) => `model.${name}`), ["criterion.weight", vector]]),
    /without "model\."\nleft out, as no part of the network: "criterion"/,
  );
  assert.match(loads([...own, ["criterion.weight", vector]]), /left out, as no part of the network: "criterion"/);
  assert.match(
    loads([...renamed((name) => `module.${name}`), ["n_averaged", stored("I64", [], 8)]]),
    /left out, as no part of the network: "n_averaged"/,
  );
  const optimiser = own.map(([name, tensor]): Named => [`optimizer.state.${name}.exp_avg`, tensor]);
  assert.match(
    loads([...renamed((name) => `state_dict.${name}`), ...optimiser]), /left out, as no part of the network: "optimizer\.\* \(\d+\)"/,
  );
});

test("number formats that the model has none of are left out; a parameter too many is not", () => {
  const more: Named[] = [
    ["layer1.0.total_ops", stored("F64", [1], 8)], ["mask", stored("BOOL", [4], 1)], ["bytes", stored("U8", [4], 1)],
    ["index", stored("I64", [4], 8)],
  ];
  assert.match(loads([...own, ...more]), /left out, as no part of the network: "layer1", "mask", "bytes", "index"/);
  assert.throws(() => loads([...own, ["layer1.0.extra.weight", Tensor.zeros([3])]]), /1 unexpected: layer1\.0\.extra\.weight$/);
  assert.throws(() => loads([...own, ["norm.weight", Tensor.zeros([3])]]), /1 unexpected: norm\.weight$/);
});

test("a backbone and a head under names of their own; mmpretrain's SE", () => {
  const mm = (name: string): string => name.replace(".se.fc1.", ".se_layer.conv1.conv.").replace(".se.fc2.", ".se_layer.conv2.conv.");
  const notes = loads(renamed((name) => (name.startsWith("fc.") ? `head.${name}` : `backbone.${mm(name)}`)));
  assert.match(notes, /without "backbone\.", "head\."/);
  assert.match(notes, /"se_layer\.conv1\.conv" is read as "se\.fc1" \(in 3 blocks\)/);
  for (
    const [first, last] of [
      ["se_layer.conv1", "se_layer.conv2"], ["se_module.fc1", "se_module.fc2"], ["se.conv_reduce", "se.conv_expand"],
      ["se.excitation.0", "se.excitation.2"], ["SEblock.down", "SEblock.up"],
    ]
  ) {
    loads(renamed((name) => name.replace("se.fc1", first).replace("se.fc2", last)));
  }
  // The order in the file does not matter: shapes say which is which.
  loads(renamed((name) => name.replace("se.fc1", "attn.b").replace("se.fc2", "attn.a")).reverse());
});

test("of several sets of weights the plain one is taken, unless another is asked for", () => {
  const other = own.map(([name, tensor]): Named => [name, Tensor.of((tensor as Tensor).data.map((x: number) => x + 1), tensor.shape)]);
  const both = [...renamed((name) => `model_ema.${name}`, other), ...renamed((name) => `model.${name}`)];
  assert.match(loads(both), /"model" is taken; "model_ema" would fit as well/);
  assert.match(loads(both, { part: "model" }), /^$/);
  assert.match(loads(both, { part: "model_ema" }, other), /^$/);
  assert.throws(() => loads(both, { part: "swa" }), /the file has no part "swa"; it has "model_ema", "model"/);
  // A larger network beside it shares names, not shapes.
  const teacher = [...stateDict(createModel("se_resnet14", { ...small, width: 16 }, 1))];
  loads([...renamed((name) => `teacher.${name}`, teacher), ...renamed((name) => `student.${name}`)]);
});

test("a head under any name beside the backbone, or behind dropout, is the last layer where one alone has its shapes", () => {
  const headed = (head: string, body: string, tensors = own): Named[] => renamed(
    (name) => (name.startsWith("fc.") ? name.replace("fc", head) : body + name), tensors,
  );
  for (
    const [head, body] of [
      ["classifier", "backbone."], ["head", "backbone."], ["linear", "encoder."], ["model.classifier", "model.backbone."],
      ["classifier.1", "resnet."], ["head.head", "module.backbone."], ["fc.1", ""], ["model.fc.1", "model."], ["logits", ""],
    ]
  ) {
    assert.match(loads(headed(head, body)), /is read as "fc", the last layer/, head);
    assert.match(loads(headed(head, body).reverse()), /is read as "fc", the last layer/, head);
  }
  const ema = headed("ema.classifier", "ema.backbone.", own.map(([name, tensor]): Named => [name, Tensor.zeros(tensor.shape)]));
  assert.match(loads([...ema, ...headed("model.classifier", "model.backbone.")]), /"model\.classifier" is read as "fc"/);
  // Of two that fit neither is guessed; one of another number of classes is known as the head.
  const [, weight] = own.find(([name]) => name === "fc.weight")!;
  const two: Named[] = [
    ...headed("classifier", "backbone."), ["projection.weight", weight], ["projection.bias", Tensor.zeros([weight.shape[0]])],
  ];
  assert.throws(() => loads(two), /2 missing: fc\.weight, fc\.bias .*"classifier\.\* \(2\)", "projection\.\* \(2\)"/);
  const five: Named[] = [
    ...headed("classifier", "backbone.").filter(([name]) => !name.startsWith("classifier")),
    ["classifier.weight", Tensor.zeros([5, weight.shape[1]])], ["classifier.bias", Tensor.zeros([5])],
  ];
  assert.throws(() => loads(five), /2 misshapen: fc\.weight .*"classifier" is read as "fc", the last layer/);
  // A block that is not there is no head.
  assert.throws(
    () => loads(renamed((name) => (name.startsWith("layer3.0.conv2") ? "extra.conv.weight" : name))), /1 missing: layer3\.0\.conv2\.weight/,
  );
});

test("stages under a word of their own, with the stem and the head beside them", () => {
  for (const word of ["stages", "blocks", "body", "features.stages"]) {
    assert.match(loads(renamed((name) => (name.startsWith("layer") ? `${word}.${name}` : name))), /names are read without/, word);
  }
});

test("pruned layers: weight_orig times weight_mask, in any number format of the mask and below any head", () => {
  const expected = own.map(([name, tensor]): Named => (name !== "layer2.0.conv1.weight" && name !== "fc.weight" ? [name, tensor] : [
    name, Tensor.of((tensor as Tensor).data.map((x: number, i: number) => x * (i % 2)), tensor.shape),
  ]));
  const pruned = (mask: (shape: Shape) => AnyTensor): Named[] => own.flatMap(([name, tensor]): Named[] => (
    name !== "layer2.0.conv1.weight" && name !== "fc.weight" ? [[name, tensor]] : [
      [`${name}_orig`, tensor], [`${name}_mask`, mask(tensor.shape)],
    ]
  ));
  const odd = (size: number): number[] => Array.from({ length: size }, (_, i) => i % 2);
  const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
  const masks: ((shape: Shape) => AnyTensor)[] = [
    (shape) => Tensor.of(odd(count(shape)), shape),
    (shape) => ({ dtype: "BOOL", shape, bytes: () => Uint8Array.from(odd(count(shape))) }),
    (shape) => ({ dtype: "U8", shape, bytes: () => Uint8Array.from(odd(count(shape))) }),
  ];
  for (const mask of masks) {
    for (const head of ["", "module.", "state_dict.model."]) {
      const notes = loads(renamed((name) => head + name, pruned(mask)), {}, expected);
      assert.match(notes, /2 tensors of pruned layers: NAME_orig times NAME_mask is taken for NAME/);
    }
  }
  loads(pruned(masks[0]).reverse(), {}, expected);
  const beside = renamed((name) => (name.startsWith("fc.") ? name.replace("fc", "classifier") : `backbone.${name}`), pruned(masks[0]));
  assert.match(loads(beside, {}, expected), /"classifier" is read as "fc"/);
  assert.throws(() => loads([...own, ["fc.weight_mask", own[0][1]]]), /1 unexpected: fc\.weight_mask/);
});

test("other reparametrisations are told, with what undoes them in PyTorch", () => {
  const [, weight] = own.find(([name]) => name === "fc.weight")!;
  const kept = (...leaves: string[]): Named[] => own.flatMap(([name, tensor]): Named[] => (
    name === "fc.weight" ? leaves.map((leaf): Named => [`fc.${leaf}`, weight]) : [[name, tensor]]
  ));
  for (
    const [leaves, undo] of [
      [["weight_g", "weight_v"], /weight norm; in PyTorch, torch\.nn\.utils\.remove_weight_norm/],
      [["weight_orig", "weight_u", "weight_v"], /spectral norm; in PyTorch, torch\.nn\.utils\.remove_spectral_norm/],
      [["parametrizations.weight.original0", "parametrizations.weight.original1"], /parametrize\.remove_parametrizations/],
      [["parametrizations.weight.original", "parametrizations.weight.0._u"], /parametrize\.remove_parametrizations/],
    ] as const
  ) {
    assert.throws(() => loads(kept(...leaves)), undo);
    assert.throws(() => loads(renamed((name) => `model.${name}`, kept(...leaves))), undo);
  }
});

test("counters are no part of a network in any number format", () => {
  for (const name of ["n_averaged", "num_updates", "global_step", "step", "initted", "epoch", "decay"]) {
    for (const shape of [[], [1]]) {
      assert.match(loads([...renamed((each) => `module.${each}`), [name, Tensor.zeros(shape)]]), new RegExp(`left out.*"${name}"`));
      assert.match(loads([...own, [name, Tensor.zeros(shape)]]), new RegExp(`left out.*"${name}"`));
    }
  }
  assert.throws(() => loads([...own, ["step", Tensor.zeros([3])]]), /1 unexpected: step$/);
  assert.throws(() => loads([...own, ["logit_scale", Tensor.zeros([])]]), /1 unexpected: logit_scale$/);
});

test("layouts are recognised below any head", () => {
  const timm = manifest("timm/mobilenetv3_small_100");
  for (const head of ["", "model.", "state_dict.module.", "net.encoder.", "a.b.c.d.e.f.g.h.", "word.".repeat(40)]) {
    const tensors: Named[] = [
      ...Array.from(timm, ([name, shape]): Named => [head + name, Tensor.zeros(shape)]), ["loss_fn.weight", Tensor.zeros([7])],
    ];
    const wanted = manifest("torchvision/mobilenet_v3_small");
    const fit = fitNames(new Map(tensors), wanted, createModel("mobilenet_v3_small", {}, null).layouts(), undefined);
    assert.equal([fit.layout, fit.epsilon], ["timm MobileNetV3", 1e-5], head);
    assert.equal([...fit.tensors.keys()].sort(), [...wanted.keys()].sort(), head);
  }
  const legacy = new Map(Array.from(manifest("timm/legacy_seresnet18"), ([name, shape]): Named => [`module.${name}`, Tensor.zeros(shape)]));
  const model = createModel("seresnet18", {}, null);
  assert.throws(() => fitNames(legacy, stateShapes(model), model.layouts(), undefined), /load it into legacy_seresnet18$/);
});

test("torchvision's DenseNet files of 2017 count norm.1 for norm1, and are recognised", () => {
  const model = createModel("densenet121", {}, null);
  const wanted = stateShapes(model);
  const old = new Map(Array.from(wanted, ([name, shape]): Named =>
    [name.replace(/(denselayer\d+\.(norm|conv))([12])\./, "$1.$3."), Tensor.zeros(shape)]));
  assert.ok(old.has("features.denseblock3.denselayer24.conv.2.weight"));
  assert.is(modelOfWeights(new Map([...old].map(([name, { shape }]) => [name, shape]))), "densenet121");
  assert.is(modelOfWeights(stateShapes(createModel("densenet169", {}, null))), "densenet169");
  assert.equal([...fitNames(old, wanted, model.layouts(), undefined).tensors.keys()].sort(), [...wanted.keys()].sort());
});

test("hostile names: linear time, short messages", () => {
  const begin = performance.now();
  assert.match(loads(renamed((name) => "module.".repeat(10_000) + name)), /without "module\."/);
  assert.throws(
    () => loads(renamed((name) => "x.".repeat(10_000) + name)), (e: Error) => /missing/.test(e.message) && e.message.length < 3000,
  );
  const foreign = Array.from({ length: 100_000 }, (_, i): Named => [`part${i}.layer${i}.weight`, Tensor.zeros([1])]);
  assert.throws(
    () => loads([...own, ...foreign]),
    (e: Error) => /100000 unexpected: part0\.layer0\.weight.* and 99988 more$/.test(e.message) && e.message.length < 1000,
  );
  assert.match(loads([...renamed((name) => `net.${name}`), ...foreign]), /left out.* and 99994 more$/);
  const huge = "y".repeat(1_000_000);
  assert.throws(
    () => loads([...own, ...Array.from({ length: 30 }, (_, i): Named => [huge + i, Tensor.zeros([1])])].slice(1)),
    (e: Error) => e.message.length < 3000,
  );
  assert.throws(() => loads([...own, ["\u001b[2J\nevil", Tensor.zeros([1])]]), (e: Error) => !/[\u001b\n]/.test(e.message));
  assert.ok(performance.now() - begin < 60_000);
});

test("fitting changes nothing of what it is given", () => {
  const before = new Map(renamed((name) => `module.${name}`));
  const keys = [...before.keys()];
  fitNames(before, stateShapes(source), [], undefined);
  assert.equal([...before.keys()], keys);
});

test.run();
