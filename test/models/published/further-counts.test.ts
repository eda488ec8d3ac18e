/** Parameters of networks that have no reference logits here: as timm's and torchvision's own tables print them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";

const published: Readonly<Record<string, number>> = {
  efficientnet_b5: 30_389_784, efficientnet_b6: 43_040_704, efficientnet_b7: 66_347_960, efficientnetv2_m: 54_139_356,
  efficientnetv2_l: 118_515_272,
  efficientnetv2_rw_s: 23_941_296, tf_efficientnetv2_b1: 8_141_052, tf_efficientnetv2_b2: 10_096_086, regnety_006: 6_055_160,
  regnety_008: 6_263_168,
  regnety_040: 20_646_656, regnety_064: 30_583_252, regnety_080: 39_180_068, regnety_080_tv: 39_381_472, regnety_160: 83_590_140,
  regnety_320: 145_046_770, tf_mobilenetv3_large_075: 3_993_528, mobilenetv3_large_150d: 14_622_320, hardcorenas_b: 5_176_544,
  hardcorenas_c: 5_521_224, hardcorenas_d: 7_500_208, hardcorenas_e: 8_070_992, hardcorenas_f: 8_199_688, seresnext26d_32x4d: 16_809_512,
  seresnext101_32x8d: 93_569_048, seresnext101d_32x8d: 93_588_280, resnetrs101: 63_618_696, resnetrs152: 86_621_576,
  resnetrs200: 93_209_992,
  ecaresnet26t: 16_011_916, ecaresnet101d: 44_568_563, ghostnetv2_130: 8_960_404, ghostnetv2_160: 12_392_698, lcnet_075: 2_358_288,
  semnasnet_075: 2_912_278, tinynet_b: 3_730_562, tinynet_c: 2_457_234, tinynet_d: 2_338_446, mixnet_m: 5_014_382, mixnet_l: 7_329_252,
  rexnet_130: 7_557_091, rexnet_150: 9_728_593, rexnet_200: 16_366_620, rexnet_300: 34_708_792 };

for (const [name, parameters] of Object.entries(published)) {
  test(name, () => assert.is(createModel(name, {}, null).parameterCount(), parameters));
}

test.run();
