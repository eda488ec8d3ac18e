/** The host's own server (Deno.serve, Bun.serve, node:http) under one name. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

export type Handler = (request: Request) => Promise<Response>;
export interface Server {
  readonly port: number;
  /** Ends when what was asked is answered. */
  close(): Promise<void>;
}

interface OtherHosts {
  readonly Deno?: {
    serve(options: { port: number; onListen: () => void }, handler: Handler): {
      readonly addr: { readonly port: number };
      shutdown(): Promise<void>;
    };
  };
  readonly Bun?: { serve(options: { port: number; fetch: Handler }): { readonly port: number; stop(): Promise<void> } };
}

/** @param port 0 for any that is free */
export async function listen(port: number, handler: Handler): Promise<Server> {
  const { Bun, Deno } = globalThis as OtherHosts;
  if (Deno !== undefined) {
    const server = Deno.serve({ port, onListen: () => {} }, handler);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ port, fetch: handler });
    return { port: server.port, close: () => server.stop() };
  }
  const server = createServer(async (incoming, outgoing) => {
    const response = await handler(requestOf(incoming)).catch((error: unknown) => Response.json({ error: String(error) }, { status: 500 }));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
    // What was not read of a picture that is too large would be taken for the next request.
    if (!incoming.complete) incoming.resume();
  });
  await new Promise<void>((resolve) => server.listen(port, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    }),
  };
}

function requestOf(incoming: IncomingMessage): Request {
  const { headers, method = "GET", url = "/" } = incoming;
  const plain = Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as [string, string]] : []));
  const body = method === "GET" || method === "HEAD" ? null : Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
  return new Request(new URL(url, "http://localhost"), { method, headers: plain, body, ...(body && { duplex: "half" }) });
}
