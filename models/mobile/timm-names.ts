/**
 * timm's names of MobileNetV2 and V3 (timm/models/_efficientnet_blocks.py) in torchvision's (torchvision/models/mobilenetv2.py,
 * mobilenetv3.py). timm numbers blocks by stage and names what stands in them; torchvision counts blocks through and numbers
 * what stands in them.
 */

/**
 * Torchvision's name for each tensor that `names` (timm's) hold; others keep theirs.
 * @param version 2 or 3: of MobileNet
 */
export function timmMobilenetRenaming(names: readonly string[], version: 2 | 3): (name: string) => string {
  const modules = timmMobilenetModules(names, version);
  return (name) => {
    const dot = name.lastIndexOf(".");
    const module = modules.get(name.slice(0, dot));
    return module === undefined ? name : module + name.slice(dot);
  };
}

/** Every module that `names` (of tensors, timm's) speak of, and torchvision's name for it. */
function timmMobilenetModules(names: readonly string[], version: 2 | 3): Map<string, string> {
  const present = new Set(names.map((name) => name.slice(0, name.lastIndexOf("."))));
  const modules = new Map([["conv_stem", "features.0.0"], ["bn1", "features.0.1"]]);
  const blocks = new Map<string, [number, number]>();
  for (const module of present) {
    const found = /^blocks\.(\d+)\.(\d+)\./.exec(module);
    if (found !== null) blocks.set(found[0], [Number(found[1]), Number(found[2])]);
  }
  let feature = 1;
  for (const [block] of [...blocks].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1])) {
    const target = `features.${feature++}.`;
    // The last stage of V3 is one convolution with its normalisation.
    if (present.has(`${block}conv`)) modules.set(`${block}conv`, `${target}0`).set(`${block}bn1`, `${target}1`);
    else (version === 3 ? nameV3 : nameV2)(modules, block, target, partsOf(present, block));
  }
  if (version === 3) return modules.set("conv_head", "classifier.0").set("classifier", "classifier.3");
  return modules.set("conv_head", `features.${feature}.0`).set("bn2", `features.${feature}.1`).set("classifier", "classifier.1");
}

/** What stands in a block, in order: [convolution, its normalisation], or the two halves of SE. */
function partsOf(present: ReadonlySet<string>, block: string): [string, string][] {
  const se: [string, string][] = present.has(`${block}se.conv_reduce`) ? [["se.conv_reduce", "se.conv_expand"]] : [];
  // With expansion there are three convolutions; a depthwise-separable block has two, and its conv_pw comes last.
  return present.has(`${block}conv_pwl`)
    ? [["conv_pw", "bn1"], ["conv_dw", "bn2"], ...se, ["conv_pwl", "bn3"]]
    : [["conv_dw", "bn1"], ...se, ["conv_pw", "bn2"]];
}

function nameV3(modules: Map<string, string>, block: string, target: string, parts: readonly [string, string][]): void {
  parts.forEach(([first, second], i) => {
    const [a, b] = first === "se.conv_reduce" ? ["fc1", "fc2"] : ["0", "1"];
    modules.set(block + first, `${target}block.${i}.${a}`).set(block + second, `${target}block.${i}.${b}`);
  });
}

/** In V2 the last convolution and its normalisation stand in the block itself, the others in pairs. */
function nameV2(modules: Map<string, string>, block: string, target: string, parts: readonly [string, string][]): void {
  const last = parts.length - 1;
  parts.forEach(([conv, norm], i) => {
    modules.set(block + conv, `${target}conv.${i}${i < last ? ".0" : ""}`);
    modules.set(block + norm, i < last ? `${target}conv.${i}.1` : `${target}conv.${i + 1}`);
  });
}
