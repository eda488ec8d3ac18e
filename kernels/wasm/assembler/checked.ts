/**
 * To be imported for what it does: from then on all modules of the process are checked instruction by instruction while they are written.
 */
import { ModuleBuilder } from "./module-builder.ts";
import { checks } from "./checks.ts";

ModuleBuilder.checks = checks;
