#!/usr/bin/env node
/** The command line: `senet <command>`. This folder alone may touch files and the process. */
import process from "node:process";
import { main } from "./program.ts";

// A reader that has seen enough, as in `senet eval | head`, is no failure.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
