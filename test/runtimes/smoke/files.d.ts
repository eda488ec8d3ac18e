/** Files that the bundler puts into the program as base64. */
declare module "*.safetensors" {
  const text: string;
  export default text;
}
declare module "*.png" {
  const text: string;
  export default text;
}
declare module "*.jpg" {
  const text: string;
  export default text;
}
