/** What only files of a user's want, together: one file more to load, and none before. */
export { importOnnx } from "../../../src/io/onnx/import.ts";
export { gateNames, openSelfieFile, selfiePreprocessing } from "../../selfie/selfie-file.ts";
export { openSafetensors } from "./any-network.ts";
export { namesFor } from "./class-names.ts";
