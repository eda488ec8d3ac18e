#!/usr/bin/env node
/** The command line: `senet <command>`. This folder alone may touch files and the process. */
import process from "node:process";
import { main } from "./program.ts";

process.exitCode = await main(process.argv.slice(2));
