/**
 * What is checked while modules are written, where checked.ts is imported: all that a programmer can get wrong. Elsewhere modules are
 * written without: the engine checks them as a whole, and bundles do not load this. Sizes that come from networks are checked in any case,
 * where they are written.
 */
import type { Checks } from "./contract.ts";
import { checkOwner, placeOf } from "../handles.ts";
import { TypeStack } from "./type-stack.ts";
import { SINGLE } from "../types.ts";

const MOST_PAGES = 65536;

/** @throws RangeError where value is no whole number from low to high. */
function checkWhole(what: string, value: number, low: number, high: number): void {
  if (!(Number.isInteger(value) && value >= low && value <= high)) {
    throw new RangeError(`${what} wants a whole number from ${low} to ${high}, got ${value}`);
  }
}

/** @throws RangeError for anything but printable ASCII */
export function checkName(text: string): void {
  if (!/^[ -~]*$/.test(text)) throw new RangeError(`wasm: a name wants printable ASCII characters, got ${JSON.stringify(text)}`);
}

export const checks: Checks = {
  types: (body) => new TypeStack(body),
  importing({ name: home }, functions, name) {
    if (functions.some(({ imported }) => imported === undefined)) {
      throw new TypeError(`${home}: functions are imported before the first one is defined, "${name}" comes late`);
    }
  },
  naming({ name: home }, taken, name, params, results) {
    if (taken) throw new RangeError(`${home}: two functions are named "${name}"`);
    // JavaScript lists such keys first, whatever their place.
    const number = Object.keys(params).find((param) => /^\d/.test(param));
    if (number !== undefined) throw new RangeError(`${name}: a parameter's name cannot begin with a digit, got "${number}"`);
    const type = [...Object.values(params), ...results].find((each) => !Object.hasOwn(SINGLE, each));
    if (type !== undefined) throw new TypeError(`wasm: a value type is one of ${Object.keys(SINGLE).join(", ")}, got ${String(type)}`);
  },
  defining(home, func, known) {
    // Of another module's handle nothing is known.
    checkOwner(home, func, home, "module");
    const { imported, code } = known;
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
  address(body, op, offset, align, natural) {
    if (align !== natural && !(align >= 1 && align < natural && (align & (align - 1)) === 0)) {
      throw new RangeError(`${placeOf(body, op.name)}: alignment wants a power of two up to ${natural} bytes, got ${align}`);
    }
    checkWhole(`${placeOf(body, op.name)}: offset`, offset, 0, 0xffffffff);
  },
  wantsMemory(body, op) {
    if (!body.home.hasMemory) throw new TypeError(`${placeOf(body, op.name)}: wants a memory, the module has none yet`);
  },
  lane(body, op, lane, lanes) {
    checkWhole(`${placeOf(body, op.name)}: lane`, lane, 0, lanes - 1);
  },
  count(body, op, values, count) {
    if (values.length !== count) throw new RangeError(`${placeOf(body, op.name)}: wants ${count} values, got ${values.length}`);
  },
  bits(body, op, value, bits) {
    checks.number(body, op, value);
    const values = bits === 32 ? 0x100000000 : 1 << bits;
    checkWhole(`${placeOf(body, op.name)}: constant`, value as number, -values / 2, values - 1);
  },
  constant(body, instruction, value) {
    checkWhole(`${placeOf(body, instruction)}: constant`, value, -0x80000000, 0xffffffff);
  },
  long(body, op, value) {
    const at = `${placeOf(body, op.name)}: constant`;
    if (typeof value === "number") checkWhole(at, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const whole = BigInt(value);
    if (whole >= -0x8000000000000000n && whole <= 0xffffffffffffffffn) return;
    throw new RangeError(`${at} wants a whole number of 64 bits, got ${whole}`);
  },
  number(body, op, value) {
    if (typeof value !== "number") throw new TypeError(`${placeOf(body, op.name)}: constant wants a number, got ${typeof value}`);
  },
};
