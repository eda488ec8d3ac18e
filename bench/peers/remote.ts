/** The parent's end of a contender's process: one question at a time. */
import { fork } from "node:child_process";
import type { Answer, Question, State } from "./node/child.ts";
import type { Job } from "./contender.ts";
import type { Loaded, Ran } from "./stage.ts";

/** A contender far away: in a process, or in a page. */
export interface Remote {
  load(contender: string, job: Job): Promise<Loaded>;
  run(round: number): Promise<Ran>;
  state(): Promise<State>;
  end(): void;
}

export class ChildRemote implements Remote {
  readonly #child: ReturnType<typeof fork>;
  #answer: ((answer: Answer) => void) | undefined;
  #errors = "";
  #ended: Answer | undefined;

  /** @param script the bundled node/child.ts */
  constructor(script: string) {
    // The parent's own loader (tsx) stays out of the child.
    this.#child = fork(script, [], { execArgv: [], serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr.on("data", (text) => (this.#errors = (this.#errors + String(text)).slice(-2000)));
    this.#child.on("message", (message) => this.#answer?.(message as Answer));
    this.#child.on("exit", (code, signal) => {
      this.#ended = { failure: `its process ended (${signal ?? `code ${code}`}) ${this.#errors.trim().split("\n").at(-1)}` };
      this.#answer?.(this.#ended);
    });
  }

  load(contender: string, job: Job): Promise<Loaded> {
    return this.#ask({ kind: "load", contender, job });
  }

  run(round: number): Promise<Ran> {
    return this.#ask({ kind: "run", round });
  }

  state(): Promise<State> {
    return this.#ask({ kind: "state" });
  }

  end(): void {
    this.#child.kill();
  }

  #ask<T>(question: Question): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#answer = (answer) => {
        this.#answer = undefined;
        if ("failure" in answer) reject(new Error(answer.failure));
        else resolve(answer.value as T);
      };
      if (this.#ended === undefined) this.#child.send(question);
      else this.#answer(this.#ended);
    });
  }
}
