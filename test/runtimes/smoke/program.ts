/**
 * What every host has to do, in one program: it is bundled once, with its files inside, and asks the host for nothing. `smoke` gives a
 * report of texts, most of them digests of bits, which main.ts compares with expected.json. Names that begin with "wasm" are only there
 * where the host has WebAssembly with vectors.
 */
import { digestOf } from "../../../src/session/backends/wasm/modules/file.ts";
import * as lean from "../../../src/session/lean.ts";
import {
  Sgd, Tensor, compile, compileSync, compileTraining, createModel, crossEntropy, decodeImage, decodeImageSync, emitModule, importOnnx,
  lower, openNetwork, preprocess, quantise, readQuantised, saveQuantised, saveWeights, softmax, version, writeOnnx,
} from "../../../src/index.ts";
import * as plain from "../../../kernels/plain/index.ts";
import networkText from "../../../models/pretrained/fashion-mnist.safetensors";
import bootText from "../../../models/pretrained/samples/ankle-boot-0000.png";
import bagText from "../../../models/pretrained/samples/bag-0018.png";
import photoText from "../../fixtures/photos/cone/03.jpg";
import { recipeTensor } from "../../fixtures/recipe.ts";
import type { Session } from "../../../src/index.ts";
import { base64, bytesFromBase64 } from "./base64.ts";
import { wrongUses } from "./wrong.ts";

const [network, boot, bag, photo] = [networkText, bootText, bagText, photoText].map(bytesFromBase64);

/** What `quantisedFile` gave to the bundler. */
declare const QUANTISED: string;

/** What a host did. */
export interface Report {
  readonly senet: string;
  /** Of a session that was told nothing but its input: which kernels, how many threads, why. */
  readonly kernels: string;
  /** The same of a session on kernels that were compiled before; undefined where the host was given none. */
  readonly given: string | undefined;
  /** By the name of the task: digests of bits, or what was said. */
  readonly answers: Readonly<Record<string, string>>;
  /** Milliseconds of one picture of the bundled network, exact, one thread. */
  readonly picture: number;
}

/** What a host is given that compiles nothing while it runs. */
export interface Given {
  /** A module of `senet compile` for the bundled network, exact, that this host has compiled already. */
  readonly module?: object;
  /** What `sessionOfNetwork` made while the program was loaded. */
  readonly session?: Session;
}

/** The input that modules are made for. */
export const moduleInput: readonly number[] = [1, 1, 28, 28];

/** The module that a host may be given. */
export function moduleOfNetwork(): Uint8Array<ArrayBuffer> {
  return emitModule(openNetwork(network).model, { input: moduleInput, numerics: "exact" });
}

/** For hosts that compile kernels only while they load a program. */
export function sessionOfNetwork(): Session {
  return compileSync(openNetwork(network).model, { input: moduleInput, numerics: "exact" });
}

/** Of the bits of numbers, whatever order the processor has them in. */
function digestOfNumbers(numbers: Float32Array | Float64Array): string {
  const bytes = new Uint8Array(8 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < numbers.length; i++) view.setFloat64(8 * i, numbers[i], true);
  return digestOf(bytes);
}

const input = [1, 1, 16, 16];
const images = [1, 0.75, 0.5].map((factor) => new Tensor(recipeTensor("input", input).data.map((value) => factor * value), input));

/** A network of bytes, which hosts get as the bundler's host has made it: what is measured depends on the kernels' family. */
export function quantisedFile(): string {
  return base64(saveQuantised(quantise(small(5).evaluate(), images, { reported: 0 }).network));
}

function most(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference = Math.max(difference, Math.abs(a[i] - b[i]));
  return difference;
}

const said = (error: unknown): string => `${(error as Error).name}: ${(error as Error).message}`;

function small(seed: number | null): ReturnType<typeof createModel> {
  return createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, seed);
}
const batch = [4, 1, 12, 12];
const labels = Int32Array.of(0, 3, 1, 2);

/** Ten steps by the modules themselves, on plain kernels: the same bits on every host. */
function trainEagerly(): Float64Array {
  const model = small(3).train();
  const optimiser = new Sgd(model.namedParameters(), { momentum: 0.9, nesterov: true, weightDecay: 5e-4 });
  const losses = new Float64Array(10);
  const x = recipeTensor("input", batch);
  for (let step = 0; step < losses.length; step++) {
    model.clearGradients();
    const loss = crossEntropy(plain, model.forward(x), labels);
    losses[step] = loss.value;
    model.backward(loss.gradient());
    optimiser.step(0.05);
  }
  return losses;
}

/** The same in a training session; where there is no WebAssembly, what it says. */
async function trainInSession(): Promise<string> {
  try {
    const session = await compileTraining(small(3), {
      input: batch, optimiser: { method: "sgd", nesterov: true, weightDecay: 5e-4 }, numerics: "exact",
    });
    const losses = new Float64Array(10);
    const x = recipeTensor("input", batch);
    for (let step = 0; step < losses.length; step++) losses[step] = session.trainStep(x, labels, 0.05);
    session.close();
    return digestOfNumbers(losses);
  } catch (error) {
    return said(error);
  }
}

export async function smoke({ module, session: loaded }: Given = {}): Promise<Report> {
  const answers: Record<string, string> = {};
  const answer = (name: string, text: string): void => void (answers[name] = text);

  const { model, classes, preprocessing } = openNetwork(network);
  const pictures = [decodeImageSync(boot), await decodeImage(bag), decodeImageSync(photo)];
  answer("pictures", pictures.map(({ data, width, height }) => `${width}x${height} ${digestOf(new Uint8Array(data))}`).join(", "));
  const inputs = pictures.map((picture) => preprocess(picture, preprocessing));
  answer("preprocessing", inputs.map(({ data }) => digestOfNumbers(data)).join(", "));
  const [x] = inputs;

  const session = await compile(model, { input: x.shape });
  const { kernels } = session;
  const wasm = kernels.startsWith("wasm");
  const fast = session.run(x);
  const again = await session.runAsync(x);
  session.close();
  answer("asynchronous runs give the same bits", String(digestOfNumbers(fast.data) === digestOfNumbers(again.data)));

  const reference = compileSync(model, { input: x.shape, numerics: "exact", kernels: "plain" });
  let picture = Infinity;
  const logits = inputs.slice(0, 2).map((each) => {
    const [given, time] = timed(() => reference.run(each), 1);
    picture = time;
    return given;
  });
  reference.close();
  const name = (each: Tensor): string => {
    const { data } = softmax(each);
    const at = data.indexOf(Math.max(...data));
    return `${classes?.[at] ?? at} ${(100 * data[at]).toFixed(2)} %`;
  };
  answer("classes", logits.map(name).join(", "));
  answer("exact, plain kernels", logits.map(({ data }) => digestOfNumbers(data)).join(", "));
  answer("fast is within 0.001 of exact", String(most(fast.data, logits[0].data) < 1e-3));

  const bitsOf = (of: Session): string => inputs.map((each) => digestOfNumbers(of.run(each).data)).join(", ");
  const closed = <T>(of: Session, use: (of: Session) => T): T => {
    try {
      return use(of);
    } finally {
      of.close();
    }
  };
  const exact = { input: x.shape, numerics: "exact" } as const;
  if (wasm) {
    const bits = closed(compileSync(model, { ...exact, kernels: "wasm" }), (of) => {
      [, picture] = timed(() => of.run(x), 20);
      return bitsOf(of);
    });
    answer("wasm: exact", bits);
    answer("wasm: the same bits with threads", String(closed(await compile(model, { ...exact, threads: 2 }), bitsOf) === bits));
    answer("wasm: the same bits in a lean session", String(closed(lean.compileSync(model, exact), bitsOf) === bits));
    const bytes = moduleOfNetwork();
    answer("wasm: bytes of senet compile", digestOf(bytes));
    answer("wasm: exact, with a module of senet compile", closed(await compile(model, { ...exact, module: module ?? bytes }), bitsOf));
  }
  let given: string | undefined;
  if (!wasm && module !== undefined) {
    const own = await compile(model, { ...exact, module });
    given = own.kernels;
    answer("wasm: exact, with a module of senet compile", closed(own, bitsOf));
  }
  if (loaded !== undefined) {
    given = loaded.kernels;
    answer("wasm: exact", closed(loaded, bitsOf));
  }

  const tiny = small(5).evaluate();
  const { network: quantised } = quantise(tiny, images, { reported: 0 });
  answer(`${wasm ? "wasm" : "plain"}: the file that quantise makes`, digestOf(saveQuantised(quantised)));
  const bytes = compileSync(readQuantised(tiny, bytesFromBase64(QUANTISED)), { input });
  answer("eight bits", images.map((each) => digestOfNumbers(bytes.run(each).data)).join(", "));
  bytes.close();

  answer("weights file", digestOf(saveWeights(tiny)));
  const onnx = writeOnnx(lower(tiny, input));
  answer("ONNX file", digestOf(onnx));
  const [imported, direct] = [importOnnx(onnx), tiny].map((each) => compileSync(each, { input, numerics: "exact", kernels: "plain" }));
  const answerOf = (value: Tensor | Readonly<Record<string, Tensor>>): Tensor =>
    (value instanceof Tensor ? value : Object.values(value)[0]);
  answer("ONNX in gives the same bits", String(
    digestOfNumbers(answerOf(imported.run(images[0])).data) === digestOfNumbers(direct.run(images[0]).data)));

  const losses = trainEagerly();
  answer("ten training steps, from loss to loss", `${losses[0].toFixed(6)} to ${losses[9].toFixed(6)}`);
  answer("ten training steps", digestOfNumbers(losses));
  const trained = await trainInSession();
  if (wasm) answer("wasm: ten steps of a training session", trained);
  else answer("without wasm: a training session", trained.replace(/\(.*\)/, "(...)"));

  for (const [what, use] of Object.entries(wrongUses(network))) {
    let text = "no error";
    try {
      await use();
    } catch (error) {
      text = said(error);
    }
    answer(`error: ${what}`, text);
  }
  return { senet: version, kernels, given, answers, picture };
}

/** What runs give, and the best time of them in milliseconds. */
function timed<T>(run: () => T, times: number): readonly [T, number] {
  const clock = typeof performance === "undefined" || typeof performance.now !== "function" ? Date : performance;
  let best = Infinity;
  for (let i = 1; ; i++) {
    const start = clock.now();
    const given = run();
    best = Math.min(best, clock.now() - start);
    if (i >= times) return [given, best];
  }
}
