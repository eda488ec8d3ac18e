/** To be imported for what it does: from then on all modules of the process are checked instruction by instruction while they are written. */
import { ModuleBuilder } from "./module-builder.ts";
import { TypeStack } from "./type-stack.ts";

ModuleBuilder.check = (body) => new TypeStack(body);
