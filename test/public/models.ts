/** Networks by name, and the functions of families that make them. */
import * as densenets from "../../models/classic/densenet.ts";
import * as inceptions from "../../models/classic/inception.ts";
import * as unets from "../../models/classic/unet.ts";
import * as vggs from "../../models/classic/vgg.ts";
import * as names from "../../models/index.ts";
import * as v1 from "../../models/mobile/mobilenet-v1.ts";
import * as v2 from "../../models/mobile/mobilenet-v2.ts";
import * as v3 from "../../models/mobile/mobilenet-v3.ts";
import * as shuffle1 from "../../models/mobile/shufflenet-v1.ts";
import * as shuffle2 from "../../models/mobile/shufflenet-v2.ts";
import * as legacy from "../../models/residual/legacy-senet.ts";
import * as resnets from "../../models/residual/resnet.ts";
import * as resnexts from "../../models/residual/resnext.ts";
import { Identity } from "../../src/nn/layers/reshape.ts";
import { callable } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Argument } from "./wrong.ts";

const { strict, text, flag } = kinds;
const name = argument(/name|wants/, text, () => "net");
const se = argument("se", flag, () => true);
const given = options({ classes: maybe(strict), se: flag, gate: strict }, { classes: 3 });
const small = options({ classes: maybe(strict) }, { classes: 3, units: 8 });
const depth = (good: number): Argument => argument("depth", strict, () => good);
const groups = (parts: object): Argument => argument("groups", strict, () => parts);

export const models: readonly Entry[] = [
  callable("createModel", names.createModel, [
    argument(/name|model/, strict, () => "se_resnet8"),
    options({ classes: strict, inChannels: strict, se: flag }),
    argument("seed", [...maybe(strict), "null", "-1"], () => 1),
  ]),
  callable("hasModel", names.hasModel, [argument("name", text, () => "resnet18")]),
  callable("modelOfWeights", names.modelOfWeights, [argument("shapes", strict, () => new Map())]),
  callable("usualInput", names.usualInput, [argument("model", strict, () => new Identity())]),
  callable("usualPreprocessing", names.usualPreprocessing, [argument("name", text, () => "resnet18")]),
  callable("densenet", densenets.densenet, [name, depth(121), se, given]),
  callable("bnInception", inceptions.bnInception, [name, se, given]),
  callable("googlenet", inceptions.googlenet, [name, se, given]),
  callable("unet", unets.unet, [name, se, given]),
  callable("vgg", vggs.vgg, [name, depth(11), argument("normalise", flag, () => true), se, small]),
  callable("timmVgg", vggs.timmVgg, [name, depth(11), argument("normalise", flag, () => true), small]),
  callable("mobilenetV1", v1.mobilenetV1, [name, se, given]),
  callable("mobilenetV2", v2.mobilenetV2, [name, se, given]),
  callable("mobilenetV3", v3.mobilenetV3, [
    name,
    argument("size", strict, () => "small"),
    given,
    argument("epsilon", maybe(kinds.positive), () => 1e-3),
  ]),
  callable("shufflenetV1", shuffle1.shufflenetV1, [name, se, given]),
  callable("shufflenetV2", shuffle2.shufflenetV2, [name, argument("width", strict, () => shuffle2.shufflenetV2Widths[0]), se, given]),
  callable("legacySenet", legacy.legacySenet, [name, depth(50), se, given]),
  callable("legacyResnext", legacy.legacyResnext, [name, depth(50), se, given]),
  callable("legacySenet154", legacy.legacySenet154, [name, given]),
  callable("resnet", resnets.resnet, [name, depth(18), se, given]),
  callable("smallResnet", resnets.smallResnet, [name, depth(8), se, given]),
  callable("resnetReaders", resnets.resnetReaders, [
    se,
    argument("large", flag, () => true),
    argument("dropout", maybe(strict), () => 0.1),
  ]),
  callable("resnext", resnexts.resnext, [name, depth(50), se, given]),
  callable("senet154", resnexts.senet154, [name, given]),
  callable("groupReaders", resnexts.groupReaders, [depth(50)]),
  callable("groupedWidth", resnexts.groupedWidth, [
    argument(/./, kinds.any, () => "net"),
    argument("width", kinds.large, () => 64),
    groups({ groups: 32, groupWidth: 4 }),
  ]),
  callable("halved", resnexts.halved, [
    argument(/./, kinds.any, () => "net"),
    argument("middle", kinds.large, () => 128),
    groups({ groups: 32 }),
  ]),
];
