/**
 * The published layouts of weight names, recognised by themselves and turned into the names that a model wants.
 *
 * Most need nothing: models/ uses the names of timm and torchvision for ResNets, torchvision's for MobileNets and Cadene's for
 * `legacy_*`. What differs: timm's MobileNets; the SE blocks of moskomule/senet.pytorch; fully connected layers kept as 1x1
 * convolutions and the other way round; prefixes that wrappers leave behind. Cadene's weights have all shapes of timm's SE-ResNets but belong to
 * another graph (stride in the first 1x1, pool without padding), so loading one into the other is refused instead of giving wrong answers.
 *
 * Not to be told apart by names: timm's `tf_mobilenetv3_*`, which pad as TensorFlow does, from `mobilenetv3_*`.
 */
import { show } from "../../errors.ts";
import { sameShape, Tensor } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { checkpointModel } from "./which-model.ts";
import { timmMobilenetModules } from "./timm-mobilenet.ts";

/** `native`: the names were the model's own already. */
export type CheckpointLayout = "native" | "timm MobileNetV3" | "timm MobileNetV2" | "moskomule SE-ResNet" | "Cadene ResNet";

export interface RenamedCheckpoint {
  /** The same data under the model's names. What the model does not want keeps its name, so that strict loading reports it. */
  readonly tensors: Map<string, Tensor>;
  readonly layout: CheckpointLayout;
  /** What was taken off every name, such as "module."; "" for nothing. */
  readonly prefix: string;
  /** Batch normalisation's epsilon where the weights were trained with another one than torchvision's model of this graph has. */
  readonly epsilon?: number;
}

/** Left by DataParallel, by wrappers that hold the network as `model`, by checkpoints of several parts, by torch.compile. */
const PREFIXES: readonly string[] = ["module.", "model.", "state_dict.", "_orig_mod."];
const MOSKOMULE = /^(.*\.se\.)fc\.([02])\.(weight|bias)$/;

/**
 * Renames (and reshapes, where only dimensions of 1 differ) the tensors of a weights file to what a model wants. Nothing is copied.
 * @param tensors as the file names them
 * @param wanted names and shapes of the model
 * @throws RangeError for weights of another graph, naming the model they belong to, and where two tensors would get one name
 */
export function renameCheckpoint(tensors: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>): RenamedCheckpoint {
  const { prefix, plain } = stripPrefix(tensors, wanted);
  refuseOtherGraph(plain, wanted);
  const { layout, rename, epsilon } = recognise(plain, wanted);
  const renamed = new Map<string, Tensor>();
  for (const [name, tensor] of plain) {
    if (name.endsWith(".num_batches_tracked") && !wanted.has(name)) continue;
    const to = rename(name);
    if (renamed.has(to)) throw new RangeError(`weights: two tensors of the file are named ${show(to)} in ${layout} names`);
    renamed.set(to, fitShape(tensor, wanted.get(to)));
  }
  if (layout === "moskomule SE-ResNet") addZeroBiases(renamed, wanted);
  return { tensors: renamed, layout, prefix, ...(epsilon === undefined ? {} : { epsilon }) };
}

function stripPrefix(
  tensors: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>,
): { prefix: string; plain: ReadonlyMap<string, Tensor> } {
  const names = [...tensors.keys()];
  let prefix = "";
  for (;;) {
    const next = PREFIXES.find((p) => names.length > 0 && names.every((name) => name.startsWith(prefix + p)));
    if (next === undefined || [...wanted.keys()].some((name) => name.startsWith(next))) break;
    prefix += next;
  }
  if (prefix === "") return { prefix, plain: tensors };
  return { prefix, plain: new Map(Array.from(tensors, ([name, tensor]) => [name.slice(prefix.length), tensor])) };
}

function shapesOf(tensors: ReadonlyMap<string, Tensor>): Map<string, Shape> {
  return new Map(Array.from(tensors, ([name, { shape }]) => [name, shape]));
}

/** Cadene's graph and timm's are told apart by the stem: `layer0.conv1` or `conv1`. */
function refuseOtherGraph(tensors: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>): void {
  const block = "layer1.0.conv1.weight";
  if (!tensors.has(block) || !wanted.has(block)) return;
  const legacyFile = tensors.has("layer0.conv1.weight");
  const legacyModel = wanted.has("layer0.conv1.weight");
  if (legacyFile === legacyModel) return;
  const [name, why] = legacyFile
    ? ["the legacy_ model of that depth", "Cadene's names, and that graph has its stride in the first convolution of a block and a pool without padding"]
    : ["the model of that depth without legacy_", "timm's names, and that graph has its stride in the 3x3 convolution and a padded pool"];
  const model = checkpointModel(shapesOf(tensors));
  throw new RangeError(`weights: the file has ${why}, so the model would give wrong answers: load it into ${model ?? name}`);
}

interface Recognised {
  readonly layout: CheckpointLayout;
  readonly rename: (name: string) => string;
  readonly epsilon?: number;
}

function recognise(tensors: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>): Recognised {
  const names = [...tensors.keys()];
  if (tensors.has("conv_stem.weight") && wanted.has("features.0.0.weight")) {
    const v3 = wanted.has("classifier.3.weight");
    const modules = timmMobilenetModules(names, v3 ? 3 : 2);
    const rename = (name: string): string => {
      const dot = name.lastIndexOf(".");
      const module = modules.get(name.slice(0, dot));
      return module === undefined ? name : module + name.slice(dot);
    };
    // timm/models/mobilenetv3.py leaves PyTorch's default; torchvision/models/mobilenetv3.py sets 1e-3.
    return v3 ? { layout: "timm MobileNetV3", rename, epsilon: 1e-5 } : { layout: "timm MobileNetV2", rename };
  }
  if (names.some((name) => MOSKOMULE.test(name)) && wanted.has("layer1.0.se.fc1.weight")) {
    const rename = (name: string): string =>
      name.replace(MOSKOMULE, (_, se: string, index: string, leaf: string) => `${se}fc${index === "0" ? 1 : 2}.${leaf}`);
    return { layout: "moskomule SE-ResNet", rename };
  }
  if (tensors.has("last_linear.weight") && wanted.has("fc.weight")) {
    return { layout: "Cadene ResNet", rename: (name) => name.replace(/^last_linear\./, "fc.") };
  }
  return { layout: "native", rename: (name) => name };
}

/** `tensor` in the wanted shape if the two differ in dimensions of 1 only, such as [64,256] and [64,256,1,1]; otherwise as it is. */
function fitShape(tensor: Tensor, wanted: Shape | undefined): Tensor {
  if (wanted === undefined || sameShape(tensor.shape, wanted)) return tensor;
  const ones = (shape: Shape): Shape => shape.filter((n) => n !== 1);
  return tensor.size > 0 && sameShape(ones(tensor.shape), ones(wanted)) ? tensor.reshape(wanted) : tensor;
}

/** moskomule's excitation has no biases; with biases of zero it is the same function. */
function addZeroBiases(tensors: Map<string, Tensor>, wanted: ReadonlyMap<string, Shape>): void {
  for (const [name, shape] of wanted) {
    const absent = /\.se\.fc[12]\.bias$/.test(name) && !tensors.has(name);
    if (absent && tensors.has(name.replace(/bias$/, "weight"))) tensors.set(name, Tensor.zeros(shape));
  }
}
