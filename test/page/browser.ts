/** Browsers of this machine, driven by puppeteer-core of this folder; and a page that is watched. */
import { existsSync } from "node:fs";
import process from "node:process";

export type BrowserName = "chrome" | "firefox";

/** Where Debian has them; CHROMIUM and FIREFOX name others. */
const places: Readonly<Record<BrowserName, readonly (string | undefined)[]>> = {
  chrome: [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"],
  firefox: [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"],
};

/** The part of puppeteer that is used. Programs for the page are texts: this file knows no DOM. */
export interface Page {
  goto(address: string): Promise<unknown>;
  evaluate(program: string): Promise<unknown>;
  waitForFunction(program: string, options?: { readonly timeout: number }): Promise<unknown>;
  click(selector: string): Promise<void>;
  focus(selector: string): Promise<void>;
  $(selector: string): Promise<{ uploadFile(path: string): Promise<void> } | null>;
  setViewport(size: { readonly width: number; readonly height: number }): Promise<void>;
  screenshot(options: { readonly path: string; readonly fullPage: boolean }): Promise<unknown>;
  createCDPSession(): Promise<{ send(method: string, options: object): Promise<unknown> }>;
  readonly keyboard: { press(key: string): Promise<void> };
  readonly mouse: {
    move(x: number, y: number, options?: { readonly steps: number }): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
  };
  on(event: "console", heard: (message: { type(): string; text(): string }) => void): void;
  on(event: "pageerror", heard: (error: Error) => void): void;
  on(event: "request", heard: (request: { url(): string }) => void): void;
}

export interface Browser {
  newPage(): Promise<Page>;
  version(): Promise<string>;
  close(): Promise<void>;
}

interface Puppeteer {
  launch(options: Readonly<Record<string, unknown>>): Promise<Browser>;
}

export function pathOf(name: BrowserName): string | undefined {
  return places[name].find((path) => path !== undefined && path !== "" && existsSync(path));
}

/** @throws Error where puppeteer-core is not installed in this folder */
export async function launch(name: BrowserName, executablePath: string): Promise<Browser> {
  const puppeteer = "puppeteer-core";
  const { default: driver } = await (import(puppeteer) as Promise<{ readonly default: Puppeteer }>).catch(() => {
    throw new Error("test/page is not installed: (cd test/page && npm install)");
  });
  // Containers have no sandbox; a camera that shows a test picture, and no question whether it may.
  const args = name === "chrome" ? ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] : [];
  const extraPrefsFirefox = { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true };
  return driver.launch({ browser: name, executablePath, args, extraPrefsFirefox, headless: true });
}

/** What a page did that it should not. */
export interface Watched {
  readonly errors: readonly string[];
  readonly addresses: readonly string[];
}

export function watch(page: Page): Watched {
  const [errors, addresses]: [string[], string[]] = [[], []];
  page.on("console", (message) => {
    if (["error", "warn", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error.message ?? error)));
  page.on("request", (request) => addresses.push(request.url()));
  return { errors, addresses };
}
