/** The name section (WebAssembly Core Specification, appendix "Name Section"): what profilers and disassembly show. */
import { Bytes } from "./encode.ts";

const CUSTOM = 0;
const MODULE = 0;
const FUNCTIONS = 1;
const LOCALS = 2;

interface Named {
  readonly name: string;
}

interface NamedFunction extends Named {
  readonly locals: readonly Named[];
}

/** Names by index; what has none is left out. */
function nameMap(to: Bytes, all: readonly Named[]): void {
  to.u32(all.reduce((count, { name }) => (name === "" ? count : count + 1), 0));
  all.forEach(({ name }, index) => {
    if (name === "") return;
    to.u32(index);
    to.name(name);
  });
}

/** Functions stand in the order of their indices, imported ones first; their locals too, parameters first. */
export function writeNames(to: Bytes, module: string, functions: readonly NamedFunction[]): void {
  const section = new Bytes(1024);
  section.name("name");
  const part = new Bytes(1024);
  part.name(module);
  section.section(MODULE, part);
  part.clear();
  nameMap(part, functions);
  section.section(FUNCTIONS, part);
  part.clear();
  const named = functions.map(({ locals }, index) => ({ locals, index })).filter(({ locals }) => locals.some(({ name }) => name !== ""));
  part.u32(named.length);
  for (const { locals, index } of named) {
    part.u32(index);
    nameMap(part, locals);
  }
  section.section(LOCALS, part);
  to.section(CUSTOM, section);
}
