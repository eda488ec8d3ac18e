/**
 * What a training session is in the memory of its backend's executor. Where a worker is lost on the way, all that the session keeps goes
 * into another memory, and those that are left do the same once more there.
 */
import type { Constant } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor.ts";
import type { Backend } from "../backends/backend.ts";
import type { Trainee } from "../optimise/training-graph.ts";
import { Lost } from "../threads/lost.ts";
import { Follower } from "./derived.ts";
import { maskDrawer } from "./step/masks.ts";
import { groupOf } from "./options.ts";
import type { TrainingOptions } from "./options.ts";
import { TrainingState } from "./state.ts";
import type { Group } from "./state.ts";
import { constantsOf } from "./step/step.ts";
import { trainingProgram } from "./training-program.ts";
import type { TrainingProgram } from "./training-program.ts";

/** How often a step is begun anew after a worker was lost. */
const MOST_TRIES = 3;

export class Bound {
  readonly #trainee: Trainee;
  readonly #options: TrainingOptions;
  readonly #backend: Backend;
  #follower: Follower | undefined;
  state: TrainingState;
  program: TrainingProgram;
  /** To be called before each step. */
  drawMasks: () => void;

  /** Plans and compiles everything. @param backend has an executor */
  constructor(trainee: Trainee, options: TrainingOptions, backend: Backend) {
    this.#trainee = trainee;
    this.#options = options;
    this.#backend = backend;
    [this.state, this.program, this.drawMasks] = this.#bind();
  }

  #bind(): [TrainingState, TrainingProgram, () => void] {
    const { graph, learning, derivation } = this.#trainee;
    const options = this.#options;
    const executor = this.#backend.executor!;
    const { parameters, statistics, derived } = constantsOf(graph);
    const groupFor = ({ name, read }: Constant): Group | undefined => groupOf(name, read().shape, options, learning);
    const sources = derivation?.sources ?? [];
    const state = new TrainingState(executor.memory, [...sources, ...parameters], statistics, groupFor, derived);
    this.#follower = derivation === undefined ? undefined : new Follower(derivation, state);
    const program = trainingProgram(graph, state, executor, options);
    return [state, program, maskDrawer(program.masks, (address, size) => state.view(address, size))];
  }

  get gradients(): Float32Array {
    return this.state.view(this.state.gradients, this.state.trainable);
  }

  /** As they were drawn last. */
  get masks(): Float32Array[] {
    return this.program.masks.map(({ address, shape }) => this.state.view(address, sizeOf(shape)));
  }

  /**
   * Runs a part of the program; where a worker is lost, once more. (Updates are this thread's alone: half of one could not be undone.)
   * @param begin writes what is not kept; called once more then
   * @throws Lost where workers are lost again and again
   */
  run(part: "step" | "pack", begin: () => void = () => undefined): void {
    for (let tries = 1; ; tries++) {
      begin();
      try {
        if (part === "pack") this.#follower?.derive();
        else this.#follower?.clear();
        this.program[part]();
        if (part === "step") this.#follower?.giveBack();
        return;
      } catch (error) {
        if (!(error instanceof Lost) || this.#backend.recover === undefined || tries === MOST_TRIES) throw error;
      }
      const { memory } = this.state;
      this.#backend.recover();
      [this.state, this.program, this.drawMasks] = this.#bind();
      this.state.takeOver(memory);
      if (part !== "pack") this.run("pack");
    }
  }
}
