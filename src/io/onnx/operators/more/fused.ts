/** What onnxruntime joins. */
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import type { Attribute } from "../../read/model.ts";
import { activations } from "../activations.ts";
import { matmul, matrices } from "../matrices.ts";
import { numbers } from "./numbers.ts";
import { convolve } from "./windows.ts";

/** The activation that onnxruntime has joined to a node, lowered as a node of its own. Parameters: one list, or an attribute for each. */
function withActivation(site: Site, item: Item): Item {
  const type = site.text("activation");
  if (type === "") return item;
  const own = { ...activations, ...numbers }[type] ?? site.cannot(`with the activation ${type}`);
  const { attributes } = site.node;
  const parameters = new Map((type === "Clip" ? ["min", "max"] : ["alpha", "beta"]).flatMap((name, i): [string, Attribute][] => {
    const float = attributes.get("activation_params")?.floats[i] ?? attributes.get(`activation_${name}`)?.float;
    return float === undefined ? [] : [[name, { float } as Attribute]];
  }));
  return site.lower({ ...site.node, type, attributes: parameters }, 7, [item], own) as Item;
}

export const fused: Table = {
  "com.microsoft:FusedConv": (site, x) => {
    const y = convolve(site, x) as Item;
    return withActivation(site, site.inputs[3] === undefined ? y : site.binary("add", y, site.item(3)));
  },
  "com.microsoft:FusedGemm": (site, x) => withActivation(site, matrices.Gemm(site, x) as Item),
  "com.microsoft:FusedMatMul": (site, x) => {
    if (site.int("transBatchA") + site.int("transBatchB") > 0) site.cannot("with transposed batches");
    const turned = (item: Item, name: string): Item => {
      const order = site.axes(item.shape.length);
      const last = order.splice(-2);
      return site.transpose(item, [...order, ...site.int(name) === 0 ? last : last.reverse()]);
    };
    const alpha = site.float("alpha", 1);
    const y = matmul(site, turned(x, "transA"), turned(site.item(1), "transB"));
    return alpha === 1 ? y : site.binary("multiply", y, alpha);
  },
};
