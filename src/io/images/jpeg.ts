/** What `senet/io/jpeg` exports: plain code, without what decodeImage brings (jpeg-vectors.ts). */
export { decodeJpeg } from "./jpeg/decode.ts";
