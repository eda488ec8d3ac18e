/**
 * Winograd's method for convolutions in groups, of at least 8 channels each: one group after the other, so that its transformed inputs
 * and its sums stay in the first caches.
 */
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { atMost, offset } from "../../shared/addresses.ts";
import type { Convolution } from "../choose.ts";
import { scratchParams } from "../direct.ts";
import type { ScratchFunc } from "../direct.ts";
import { convPanels, packConvWeights, packedConvSize } from "../panels.ts";
import { checkConv, convName } from "../params.ts";
import type { ConvParams } from "../params.ts";
import { PANEL, winogradBlock, winogradPays } from "../tiles.ts";
import type { WinogradBlock } from "../tiles.ts";
import { packWinogradWeights, packedWinogradSize } from "./panels.ts";
import { emitWinograd, isWinograd, roomOf } from "./winograd.ts";

/** A function like that of winograd.ts, over all groups. */
function emitGroups(m: ModuleBuilder, name: string, params: ConvParams, block: WinogradBlock): ScratchFunc {
  const { groups } = params;
  const { inPerGroup, outPerGroup, perGroup } = convPanels(params);
  const weights = (block.inputs === 0 ? packedWinogradSize(params) : packedConvSize(params)) / groups;
  const one = emitWinograd(m, `${name}_group`, params, block, false);
  return m.func(name, { params: scratchParams, export: true }, (f, p) => {
    const { local, i32 } = f;
    const [x, w, y, residual, gate, begin, end, group] =
      "x_group w_group y_group residual_group gate_group begin end group".split(" ").map((each) => local.i32(each));
    // From the group of the first panel to that of the last one.
    local.get(p.panelBegin);
    i32.const(perGroup);
    i32.div_u();
    local.set(group);
    f.while(() => {
      local.get(group);
      i32.const(perGroup);
      i32.mul();
      local.get(p.panelEnd);
      i32.lt_s();
    }, () => {
      for (const [to, from, floats] of [
        [x, p.x, inPerGroup], [w, p.w, weights], [y, p.y, outPerGroup], [residual, p.residual, outPerGroup], [gate, p.gate, outPerGroup],
      ] as const) offset(f, to, from, group, 4 * floats);
      // Panels of the part that are the group's, counted from its first.
      offset(f, begin, p.panelBegin, group, -perGroup);
      local.get(begin);
      i32.const(0);
      local.get(begin);
      i32.const(0);
      i32.gt_s();
      f.select();
      local.set(begin);
      offset(f, end, p.panelEnd, group, -perGroup);
      atMost(f, end, perGroup);
      for (const argument of [x, w, y, residual, gate, p.rowBegin, p.rowEnd, begin, end, p.scratch]) local.get(argument);
      f.call(one);
      local.increase(group, 1);
    });
  });
}

/**
 * How it is computed so, where it is one in groups and that pays; undefined elsewhere.
 * @throws RangeError where sizes do not belong together
 */
export function groupedWinograd(params: ConvParams, block: WinogradBlock = winogradBlock(params)): Convolution | undefined {
  if (params.groups === 1 || !isWinograd({ ...params, groups: 1 }) || !winogradPays(params)) return undefined;
  checkConv("groupedWinograd", params);
  const { tiles, pixels, inputs } = block;
  const name = `f32_winograd4x4_${pixels}x${PANEL}_${convName(params)}x${params.output.height}_b${tiles}_${inputs}`;
  const transformed = inputs === 0;
  const pack = transformed ? packWinogradWeights : packConvWeights;
  const scratch = roomOf(params, block).end / 4;
  return {
    kernel: { name, panels: convPanels(params).count, scratch, emit: (m) => emitGroups(m, name, params, block) },
    packedSize: (transformed ? packedWinogradSize : packedConvSize)(params), scratch, rowUnit: 4, panels: !transformed,
    pack: (weight, bias, packed, factors) => void pack(weight, bias, params, packed, factors),
  };
}
