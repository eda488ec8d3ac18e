/** The tables of hosts in README.md and docs/hosts.md are what the last run of test/runtimes/main.ts --write found. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readResults, stalePages } from "./table.ts";

test("tables of hosts are those of results.json", () => {
  assert.equal(stalePages(readResults()), []);
  assert.ok(readResults().length > 20);
});

test("another result makes them stale", () => {
  const results = readResults();
  assert.equal(stalePages([{ ...results[0], version: "0" }, ...results.slice(1)]), ["README.md", "docs/hosts.md"]);
});

test.run();
