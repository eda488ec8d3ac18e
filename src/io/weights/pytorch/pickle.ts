/**
 * A pickle reader (Python's pickletools.py, protocols 2 to 5) that executes nothing. Names of classes and functions stay names; calling one
 * gives a record of the name and the arguments, unless `call` knows what that makes. So a file can make dictionaries, lists, texts and
 * numbers, and no more. Opcodes that no state dict has (those of protocols 0 and 1 among them) are refused.
 */
import { decodeUtf8 } from "../../bytes/utf8.ts";
import { bad as refuse } from "./budget.ts";
import type { Budget } from "./budget.ts";

/** The name of a class or function: "torch._utils._rebuild_tensor_v2". */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What Python would have made by calling something: here what it was, with which arguments, and what was put into it. */
export class Called extends Global {
  readonly args: readonly Value[];
  /** What `__setstate__` would have got. */
  state: Value = null;
  /** Entries that were set, where it is a kind of dictionary. */
  readonly entries: Map<Value, Value> = new Map();

  constructor(name: string, args: readonly Value[]) {
    super(name);
    this.args = args;
  }
}

/** Dictionaries are Maps; lists, tuples and sets arrays; bytes a Uint8Array; whole numbers beyond 2^53 are rounded. */
export type Value = null | boolean | number | string | Uint8Array | Value[] | Map<Value, Value> | Global | object;

export interface PickleHooks {
  /** What a persistent id stands for. */
  readonly persistent: (id: Value) => Value;
  /** What calling the function or class of that name makes; undefined to keep a `Called`. */
  readonly call: (name: string, args: readonly Value[]) => Value | undefined;
}

const MARK = Symbol();

/** Bytes of the whole number that follows an opcode. */
const argumentBytes: Readonly<Record<number, number>> = {
  0x80: 1, 0x95: 8, 0x4b: 1, 0x4d: 2, 0x4a: 4, 0x8a: 1, 0x8b: 4, 0x8c: 1, 0x58: 4, 0x8d: 8, 0x55: 1, 0x54: 4, 0x43: 1, 0x42: 4, 0x8e: 8,
  0x96: 8,
  0x71: 1, 0x72: 4, 0x68: 1, 0x6a: 4,
};

/**
 * Reads one pickle.
 * @param at where it begins
 * @returns its value, and where it ends
 * @throws FormatError for damaged pickles and opcodes that are not read, saying where
 */
export function readPickle(file: Uint8Array, at: number, budget: Budget, hooks: PickleHooks): { value: Value; end: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const stack: (Value | typeof MARK)[] = [];
  const memo = new Map<number, Value>();

  const bad = (): never => refuse(`it is damaged at byte ${at} of its pickle`);
  /** Goes on behind `length` bytes, and says where they are. */
  const skip = (length: number): number => (length <= file.length - at ? (at += length) - length : bad());
  const bytes = (length: number): Uint8Array => {
    const from = skip(length);
    budget(length);
    return file.slice(from, at);
  };
  const whole = (length: number, signed: boolean = false): number =>
    bytes(length).reduceRight((value, byte, i) => value * 256 + (signed && i === length - 1 && byte > 127 ? byte - 256 : byte), 0);
  const text = (length: number): string => decodeUtf8(bytes(length), "checkpoint: a text of its pickle");
  const line = (): string => {
    const value = text(file.indexOf(10, at) - at);
    at++;
    return value;
  };
  const push = (value: Value): void => {
    stack.push(value);
  };
  const pop = (): Value => {
    const value = stack.pop();
    return value === undefined || value === MARK ? bad() : value;
  };
  const top = (): Value => {
    const value = pop();
    push(value);
    return value;
  };
  const popMark = (): Value[] => {
    const mark = stack.lastIndexOf(MARK);
    return mark < 0 ? bad() : (stack.splice(mark).slice(1) as Value[]);
  };
  const append = (items: Value[]): void => {
    const to = top();
    // Entries of a list of a class of its own do not matter.
    if (!(to instanceof Called)) for (const item of items) Array.isArray(to) ? to.push(item) : bad();
  };
  const set = (items: Value[]): void => {
    const of = top();
    const to = of instanceof Called ? of.entries : of;
    if (!(to instanceof Map) || items.length % 2 > 0) return bad();
    for (let i = 0; i < items.length; i += 2) to.set(items[i], items[i + 1]);
  };

  for (;;) {
    const opcode = file[skip(1)];
    const n = whole(argumentBytes[opcode] ?? 0);
    // About what a value takes, so that a file of a million empty lists is refused in time.
    budget(64);
    switch (opcode) {
      case 0x80: // PROTO
        if (n > 5) bad();
        break;
      case 0x95: // FRAME
        break;
      case 0x2e: // STOP
        return { value: pop(), end: at };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        stack.pop();
        break;
      case 0x31: // POP_MARK
        popMark();
        break;
      case 0x32: // DUP
        push(top());
        break;
      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(opcode === 0x88);
        break;
      case 0x4b: // BININT1
      case 0x4d: // BININT2
        push(n);
        break;
      case 0x4a: // BININT
        push(n | 0);
        break;
      case 0x8a: // LONG1
      case 0x8b: // LONG4
        push(whole(n, true));
        break;
      case 0x47: // BINFLOAT
        push(view.getFloat64(skip(8)));
        break;
      case 0x8c: // SHORT_BINUNICODE
      case 0x58: // BINUNICODE
      case 0x8d: // BINUNICODE8
        push(text(n));
        break;
      case 0x55: // SHORT_BINSTRING
      case 0x54: // BINSTRING: the texts of Python 2, a character a byte
        push(bytes(n).reduce((all, byte) => all + String.fromCharCode(byte), ""));
        break;
      case 0x43: // SHORT_BINBYTES
      case 0x42: // BINBYTES
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(bytes(n));
        break;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        push([]);
        break;
      case 0x87: // TUPLE3
      case 0x86: // TUPLE2
      case 0x85: { // TUPLE1
        const items: Value[] = [];
        while (items.length < opcode - 0x84) items.unshift(pop());
        push(items);
        break;
      }
      case 0x74: // TUPLE
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        push(popMark());
        break;
      case 0x7d: // EMPTY_DICT
        push(new Map());
        break;
      case 0x64: { // DICT
        const items = popMark();
        push(new Map());
        set(items);
        break;
      }
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        append(popMark());
        break;
      case 0x73: { // SETITEM
        const value = pop();
        set([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        set(popMark());
        break;
      case 0x71: // BINPUT
      case 0x72: // LONG_BINPUT
        memo.set(n, top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x68: // BINGET
      case 0x6a: // LONG_BINGET
        push(memo.has(n) ? memo.get(n)! : bad());
        break;
      case 0x63: // GLOBAL
        push(new Global(`${line()}.${line()}`));
        break;
      case 0x93: { // STACK_GLOBAL
        const [name, module] = [pop(), pop()];
        push(typeof name === "string" && typeof module === "string" ? new Global(`${module}.${name}`) : bad());
        break;
      }
      case 0x92: // NEWOBJ_EX: arguments by name do not matter
      case 0x81: // NEWOBJ
      case 0x52: { // REDUCE
        if (opcode === 0x92) pop();
        const [args, callable] = [pop(), pop()];
        if (!(callable instanceof Global) || !Array.isArray(args)) return bad();
        push(hooks.call(callable.name, args) ?? new Called(callable.name, args));
        break;
      }
      case 0x62: { // BUILD
        const state = pop();
        const of = top();
        if (of instanceof Called) of.state = state;
        break;
      }
      case 0x51: // BINPERSID
        push(hooks.persistent(pop()));
        break;
      default:
        refuse(`opcode 0x${opcode.toString(16)} of its pickle is in no state dict`);
    }
  }
}
