/** Sums of products by letters, one for each axis (numpy's einsum). */
import { sizeOf } from "../../../../tensor.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import { matmul } from "../matrices.ts";

/** A tensor and what its axes are called. */
interface Term {
  readonly item: Item;
  readonly letters: string;
}

const within = (letters: string, other: string): string => [...letters].filter((letter) => other.includes(letter)).join("");
const without = (letters: string, other: string): string => [...letters].filter((letter) => !other.includes(letter)).join("");

/** Axes that nobody asks for any more are summed over, the others put into the order of `letters`. */
function arranged(site: Site, { item, letters: own }: Term, letters: string): Item {
  const gone = [...own].flatMap((letter, axis) => (letters.includes(letter) ? [] : [axis]));
  const kept = within(own, letters);
  const left = site.reshape(site.reduce("sum", item, gone), item.shape.filter((_, axis) => !gone.includes(axis)));
  return site.transpose(left, [...letters].map((letter) => kept.indexOf(letter)));
}

/** The product of two, as one of matrices: axes of both that stay count them, axes of both that go are summed over. */
function product(site: Site, a: Term, b: Term, kept: string): Term {
  const both = within(a.letters, b.letters);
  const [stack, inner] = [within(both, kept), without(both, kept)];
  const [rows, columns] = [a, b].map(({ letters }) => within(without(letters, both), kept));
  const sizes = (letters: string): number[] => [...letters].map((letter) => {
    const [size, other = size] = [a, b].flatMap(({ item, letters: own }) => item.shape.filter((_, axis) => own[axis] === letter));
    return size === other ? size : site.wrong(`wants ${letter} to be ${size}, got ${other}`);
  });
  const matrix = (term: Term, one: string, two: string): Item => site.reshape(
    arranged(site, term, stack + one + two), [...sizes(stack), sizeOf(sizes(one)), sizeOf(sizes(two))],
  );
  const letters = stack + rows + columns;
  if (inner === "") {
    // Nothing is summed over: each number of one is stretched over the other's axes.
    const ones = (of: string): number[] => sizes(of).map(() => 1);
    const stretched = [
      site.reshape(arranged(site, a, stack + rows), [...sizes(stack + rows), ...ones(columns)]),
      site.reshape(arranged(site, b, stack + columns), [...sizes(stack), ...ones(rows), ...sizes(columns)]),
    ] as const;
    return { item: site.binary("multiply", ...stretched), letters };
  }
  const [left, right] = [matrix(a, rows, inner), matrix(b, inner, columns)];
  const matrices = stack === "" ? matmul(site, left, right) : site.run("matrix_product", {}, [left, right]);
  return { item: site.reshape(matrices, sizes(letters)), letters };
}

function einsum(site: Site): Item {
  const equation = site.text("equation").replace(/\s/g, "");
  const [left, right] = equation.split("->");
  // Dots stand for the axes that have no letter, the last ones of which all have in common: these are called 0, 1, ...
  const terms = left.split(",").map((letters, i): Term => {
    const item = site.item(i);
    const rest = item.shape.length + 3 - letters.length;
    const all = letters.replace("...", Array.from({ length: Math.max(0, rest) }, (_, k) => String(rest - 1 - k)).join(""));
    if (all.length !== item.shape.length || new Set(all).size !== all.length) site.cannot(`with ${equation}`);
    return { item, letters: all };
  });
  const letters = terms.map((term) => term.letters).join("");
  const dots = [...new Set(letters.replace(/\D/g, ""))].sort().reverse().join("");
  const alone = [...letters].filter((letter) => letter > "9" && letters.indexOf(letter) === letters.lastIndexOf(letter)).sort().join("");
  const out = right?.replace("...", dots) ?? dots + alone;
  if (without(out, letters) !== "") site.wrong(`has no ${without(out, letters)} in ${equation}`);
  const [first, ...more] = terms;
  const last = more.reduce((done, term, i) => (
    product(site, done, term, out + more.slice(i + 1).map((later) => later.letters).join(""))
  ), first);
  return arranged(site, last, out);
}

export const einsums: Table = { Einsum: einsum };
