/** What the service answers to a request, in the words of the web's own Request and Response: the same on every host. */
import { Overloaded, Refused, type Pool } from "./pool.ts";

/** The largest picture that is read, in bytes. */
export const largest = 8 * 2 ** 20;

const json = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers });

/**
 * `POST /classify` with a picture (PNG, JPEG, PPM) as the body: its likeliest classes, best first. `GET /health`: counts.
 * 400 for no picture that senet reads, 413 for one too large, 503 with Retry-After while as many wait as may.
 */
export async function respond(request: Request, pool: Pool): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return json(200, { ...pool.counts, waiting: pool.waiting, workers: pool.workers.length });
  if (pathname !== "/classify") return json(404, { error: "POST a picture to /classify, or GET /health" });
  if (request.method !== "POST") return json(405, { error: "POST a picture to /classify" }, { allow: "POST" });
  const bytes = await bodyOf(request);
  if (bytes === undefined) return json(413, { error: `a picture has at most ${largest} bytes here` });
  try {
    return json(200, { answer: await pool.classify(bytes) });
  } catch (error) {
    if (error instanceof Overloaded) return json(503, { error: error.message }, { "retry-after": "1" });
    if (error instanceof Refused) return json(400, { error: error.message });
    return json(500, { error: error instanceof Error ? error.message : String(error) });
  }
}

/** The body, read no further than `largest`: undefined where it has more bytes, whatever its header says. */
async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > largest) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > largest) return undefined;
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
