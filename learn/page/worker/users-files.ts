/** What only files of a user's want, together: one file more to load, and none before. */
export { imagenetClasses } from "../../../models/imagenet-classes.ts";
export { importOnnx } from "../../../src/io/onnx/import.ts";
export { gateNames, openSelfieFile, selfiePreprocessing } from "../../selfie/selfie-file.ts";
export { openSafetensors } from "./any-network.ts";
