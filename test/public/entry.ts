/** One public function: how it is called, and of what kinds its arguments are. */
import type { Argument } from "./wrong.ts";

type Any = (...args: never[]) => unknown;

/** What is covered: a function itself, or a class. */
export type Covered = Any | (abstract new (...args: never[]) => object);

export interface Entry {
  readonly of: Covered;
  readonly name: string;
  /** Called with one value an argument. */
  readonly call: (...args: never[]) => unknown;
  readonly arguments: readonly Argument[];
}

/** A function of arguments that are said one by one. */
export function callable(name: string, of: Any, args: readonly Argument[]): Entry {
  return { of, name, call: of, arguments: args };
}

/** A class by its constructor. */
export function constructible(name: string, of: new (...args: never[]) => object, args: readonly Argument[]): Entry {
  return { of, name, call: (...given) => new of(...given), arguments: args };
}

/** A method of whatever `on` makes, anew for each call. */
export function method<T extends object>(name: string, on: () => T, key: keyof T & string, args: readonly Argument[]): Entry {
  const of = on()[key] as Any;
  return {
    of,
    name: `${name}.${key}`,
    arguments: args,
    call: (...given) => {
      const object = on();
      return (object[key] as Any).apply(object, given);
    },
  };
}
