/**
 * To be imported for what it does: from then on all modules of the process are checked instruction by instruction while they are written.
 */
import { ModuleBuilder } from "../module-builder.ts";
import { checkName, checks } from "./checks.ts";
import { Bytes } from "../encode.ts";

ModuleBuilder.checks = checks;
Bytes.checkName = checkName;
