/**
 * Run by turbo.test.ts in a process of its own, whose stderr must stay empty: prints which kernels there are, and how far turbo is from
 * exact.
 */
import { compile } from "../../src/session/session.ts";
import { draw } from "../support/random.ts";
import { network, sharedNetworks } from "./networks.ts";

const [[name, options, input]] = sharedNetworks;
const model = network(name, options);
const [x, wider] = [draw(input), draw([2, ...input.slice(1)])];
const sessions = await Promise.all((["exact", "turbo"] as const).map((numerics) => compile(model, { input, numerics, threads: 2 })));
const [exact, turbo] = await Promise.all(sessions.map(async (session) =>
  [...session.run(x).data, ...session.run(wider).data, ...(await session.runAsync(x)).data]));
const largest = Math.max(...exact.map(Math.abs));
console.log(
  JSON.stringify({ kernels: sessions[1].kernels, error: Math.max(...exact.map((value, i) => Math.abs(value - turbo[i]))) / largest }),
);
