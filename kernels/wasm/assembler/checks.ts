/**
 * What is checked while modules are written, where checked.ts is imported: all that a programmer can get wrong. Elsewhere modules are
 * written without: the engine checks them as a whole, and bundles do not load this. Sizes that come from networks are checked in any case,
 * where they are written.
 */
import type { Body } from "./body.ts";
import { checkWhole } from "./encode.ts";
import { checkOwner } from "./handles.ts";
import type { Func, MemoryLimits } from "./handles.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import type { Instruction } from "./opcodes.ts";
import { TypeStack } from "./type-stack.ts";

const MOST_PAGES = 65536;

/** Of a function in a module. */
interface Definition {
  readonly func: Func;
  readonly imported: object | undefined;
  readonly code: object | undefined;
}

type Home = Pick<ModuleBuilder, "name">;

export interface Checks {
  types(body: Body): TypeStack;
  /** @throws TypeError for an import after the first function */
  importing(home: Home, functions: readonly Definition[], name: string): void;
  /** @throws RangeError for a name that is taken, or a parameter that JavaScript would put elsewhere */
  naming(home: Home, taken: boolean, name: string, params: object): void;
  /** @throws TypeError for a function of another module, or one that is defined */
  defining(home: ModuleBuilder, func: Func, definition: Definition): void;
  /** @throws TypeError, RangeError for a second memory, or limits that make no sense */
  memory(home: Home, second: boolean, name: string, limits: MemoryLimits): void;
  /** @throws TypeError for a handle of another module, RangeError for a name that is taken */
  exporting(home: ModuleBuilder, handle: { readonly owner: object; readonly name: string }, taken: boolean, name: string): void;
  /** @throws TypeError where a function was declared and never defined */
  finishing(home: Home, functions: readonly Definition[]): void;
  /** @throws RangeError for an alignment that is none, TypeError where there is no memory */
  address(body: Body, op: Instruction, align: number, natural: number): void;
  /** @throws TypeError where the module has no memory */
  wantsMemory(body: Body, op: Instruction): void;
  /** @throws RangeError for a lane that is none */
  lane(body: Body, op: Instruction, lane: number, lanes: number): void;
  /** @throws RangeError for too many values, or too few */
  count(body: Body, op: Instruction, values: ArrayLike<unknown>, count: number): void;
  /** @throws RangeError for what no whole number of `bits` bits, signed or unsigned, can hold */
  bits(body: Body, op: Instruction, value: unknown, bits: number): void;
  /** @throws RangeError for what no whole number of 64 bits, signed or unsigned, can hold */
  long(body: Body, op: Instruction, value: number | bigint): void;
  /** @throws TypeError for anything but a number */
  number(body: Body, op: Instruction, value: unknown): void;
}

export const checks: Checks = {
  types: (body) => new TypeStack(body),
  importing({ name: home }, functions, name) {
    if (functions.some(({ imported }) => imported === undefined)) {
      throw new TypeError(`${home}: functions are imported before the first one is defined, "${name}" comes late`);
    }
  },
  naming({ name: home }, taken, name, params) {
    if (taken) throw new RangeError(`${home}: two functions are named "${name}"`);
    // JavaScript lists such keys first, whatever their place.
    const number = Object.keys(params).find((param) => /^\d/.test(param));
    if (number !== undefined) throw new RangeError(`${name}: a parameter's name cannot begin with a digit, got "${number}"`);
  },
  defining(home, func, { imported, code }) {
    checkOwner(home, func, home, "module");
    if (imported !== undefined || code !== undefined) throw new TypeError(`${home.name}: "${func.name}" is defined already`);
  },
  memory({ name: home }, second, name, { minimum, maximum, shared }) {
    if (second) throw new TypeError(`${home}: a module has one memory, "${name}" would be a second`);
    checkWhole(`${home}: minimum of memory "${name}"`, minimum, 0, MOST_PAGES);
    if (maximum !== undefined) checkWhole(`${home}: maximum of memory "${name}"`, maximum, minimum, MOST_PAGES);
    if (shared === true && maximum === undefined) throw new TypeError(`${home}: shared memory "${name}" wants a maximum`);
  },
  exporting(home, handle, taken, name) {
    checkOwner(home, handle, home, "module");
    if (taken) throw new RangeError(`${home.name}: two exports are named "${name}"`);
  },
  finishing({ name: home }, functions) {
    const missing = functions.find(({ code, imported }) => code === undefined && imported === undefined);
    if (missing !== undefined) throw new TypeError(`${home}: function "${missing.func.name}" was declared and never defined`);
  },
  address(body, op, align, natural) {
    if (align !== natural && !(align >= 1 && align < natural && (align & (align - 1)) === 0)) {
      throw new RangeError(`${body.at(op.name)}: alignment wants a power of two up to ${natural} bytes, got ${align}`);
    }
  },
  wantsMemory(body, op) {
    if (!body.home.hasMemory) throw new TypeError(`${body.at(op.name)}: wants a memory, the module has none yet`);
  },
  lane(body, op, lane, lanes) {
    checkWhole(`${body.at(op.name)}: lane`, lane, 0, lanes - 1);
  },
  count(body, op, values, count) {
    if (values.length !== count) throw new RangeError(`${body.at(op.name)}: wants ${count} values, got ${values.length}`);
  },
  bits(body, op, value, bits) {
    checks.number(body, op, value);
    const values = bits === 32 ? 0x100000000 : 1 << bits;
    checkWhole(`${body.at(op.name)}: constant`, value as number, -values / 2, values - 1);
  },
  long(body, op, value) {
    if (typeof value === "number") checkWhole(`${body.at(op.name)}: constant`, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const whole = BigInt(value);
    if (whole < -0x8000000000000000n || whole > 0xffffffffffffffffn) {
      throw new RangeError(`${body.at(op.name)}: constant wants a whole number of 64 bits, got ${whole}`);
    }
  },
  number(body, op, value) {
    if (typeof value !== "number") throw new TypeError(`${body.at(op.name)}: constant wants a number, got ${typeof value}`);
  },
};
