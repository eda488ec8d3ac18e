/** The servers of docs/hosts/isolation.md: which program, and how it is started in the project's folder. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { here } from "../build.ts";
import { Missing, run } from "../host.ts";
import { adapt, startServer } from "./project.ts";
import type { Server } from "./project.ts";

export interface ServerRecipe {
  /** The heading in the guide. */
  readonly name: string;
  /** Does it install in seconds? */
  readonly quick: boolean;
  /** Below the address. */
  readonly page?: string;
  /** @throws Missing where its program is not here */
  start(folder: string, port: number): Promise<Server>;
}

const found = (how: string, ...places: readonly (string | undefined)[]): string => {
  const path = places.find((each) => each !== undefined && existsSync(each));
  if (path === undefined) throw new Missing(how);
  return path;
};
const npm = (name: string): string => found("(cd test/runtimes && npm install)", join(here, "node_modules/.bin", name));

const nginx: ServerRecipe = {
  name: "nginx",
  quick: true,
  start(folder, port) {
    const program = found("apt-get install nginx-light", process.env.NGINX, "/usr/sbin/nginx");
    const config = adapt(folder, "nginx.conf", port);
    // Where a user's nginx writes is the system's affair.
    const here = `daemon off; pid ${folder}/nginx.pid; error_log stderr;`;
    return startServer(folder, port, program, ["-p", folder, "-e", "stderr", "-c", config, "-g", here]);
  },
};

const caddy: ServerRecipe = {
  name: "Caddy",
  quick: true,
  start(folder, port) {
    const program = found("apt-get install caddy", process.env.CADDY, "/usr/bin/caddy");
    return startServer(folder, port, program, ["run", "--adapter", "caddyfile", "--config", adapt(folder, "Caddyfile", port)]);
  },
};

const apache: ServerRecipe = {
  name: "Apache",
  quick: true,
  start(folder, port) {
    const program = found("apt-get install apache2-bin", process.env.APACHE, "/usr/sbin/apache2");
    const modules = ["mpm_event", "authz_core", "dir", "mime", "headers"];
    const config = join(folder, "httpd.conf");
    writeFileSync(config, `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache.log
DefaultRuntimeDir ${folder}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
DocumentRoot ${folder}/site
DirectoryIndex index.html
TypesConfig /etc/mime.types
AddType text/javascript .js
AddType text/html .html
<Directory ${folder}/site>
  Require all granted
  AllowOverride FileInfo
</Directory>
`);
    return startServer(folder, port, program, ["-X", "-f", config]);
  },
};

const pagesOfCloudflare: ServerRecipe = {
  name: "Netlify, Cloudflare Pages",
  quick: false,
  start(folder, port) {
    const program = found("npm install wrangler, and its path in WRANGLER", process.env.WRANGLER);
    const settings = ["--port", String(port), "--ip", "127.0.0.1", "--compatibility-date", "2026-05-01"];
    return startServer(folder, port, program, ["pages", "dev", "site", ...settings]);
  },
};

/** The page is Vite's own entry there, and senet comes from node_modules. */
const vite = (name: string, quick: boolean, app: string, ...command: readonly string[]): ServerRecipe => ({
  name: `Vite: ${name}`,
  quick,
  async start(folder, port) {
    const program = npm("vite");
    const own = join(folder, `site-of-${name.replaceAll(" ", "-")}`);
    const copied = `cp site/index.html vite.config.js package.json ${own} && cp ${app} ${own}/app.js`;
    await run("sh", ["-c", `mkdir -p ${own} && ${copied}`], { cwd: folder });
    if (command.includes("preview")) await run(program, ["build", "--logLevel", "error"], { cwd: own });
    return startServer(own, port, program, [...command, "--port", String(port), "--strictPort", "--host", "localhost"]);
  },
});

const serve: ServerRecipe = {
  name: "`npx serve`",
  quick: true,
  start: (folder, port) => startServer(folder, port, npm("serve"), ["site", "--listen", String(port), "--no-clipboard"]),
};

const node: ServerRecipe = {
  name: "Node, with nothing else",
  quick: true,
  start: (folder, port) => startServer(folder, port, process.execPath, [adapt(folder, "server.js", port)]),
};

export const servers: readonly ServerRecipe[] = [
  nginx, caddy, apache, pagesOfCloudflare, vite("preview", true, "app.js", "preview"), vite("development", false, "app.js"),
  vite("threads of its own file", true, "vite-threads.js", "preview"),
  vite("development, threads of its own file", false, "vite-threads.js"), serve, node,
];
