/** The client of load.ts: autocannon, in Node. Reads what to send from the standard input, writes what came to the standard output. */
import { readFileSync } from "node:fs";
import process from "node:process";
import autocannon from "autocannon";

export interface Sent {
  readonly address: string;
  /** Files that are sent in turn, and the answer that each must get. */
  readonly pictures: readonly string[];
  readonly expected: readonly string[];
  readonly connections: number;
  readonly amount: number;
}
export interface Told {
  readonly right: number;
  readonly overloaded: number;
  /** Whatever else came: a few of them. */
  readonly others: readonly string[];
  readonly errors: number;
}

const { address, pictures, expected, connections, amount } = JSON.parse(readFileSync(0, "utf8")) as Sent;
let right = 0;
let overloaded = 0;
const others: string[] = [];
const result = await autocannon({
  url: `${address}/classify`,
  connections,
  amount,
  timeout: 60,
  requests: pictures.map((picture, at) => ({
    method: "POST",
    body: readFileSync(picture),
    onResponse(status: number, body: string) {
      if (status === 200 && body === expected[at]) right += 1;
      else if (status === 503) overloaded += 1;
      else if (others.length < 5) others.push(`${status} ${body} for ${picture}`);
    },
  })),
});
const told: Told = { right, overloaded, others, errors: result.errors + result.timeouts };
process.stdout.write(JSON.stringify(told));
