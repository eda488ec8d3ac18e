/** All hosts, in the order of the tables. */
import type { Host } from "../host.ts";
import { browsers } from "./browsers.ts";
import { nodes } from "./node.ts";
import { others } from "./others.ts";
import { quickJs } from "./quickjs.ts";
import { quickJsInWasm } from "./quickjs-wasm.ts";
import { shells } from "./shells.ts";
import { workerd } from "./workerd.ts";

export const hosts: readonly Host[] = [...nodes, ...others, ...browsers, workerd, ...shells, quickJs, ...quickJsInWasm];
