/**
 * `node enqueue.ts DIR`: asks for every picture below DIR. Started again, it asks for what is new only: a job has its picture's path as its
 * number. All workers must see DIR under the same path.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { Queue } from "bullmq";
import { answers, asked, connect, name, type Question } from "./shared.ts";

const [, , folder] = process.argv;
if (folder === undefined) throw new Error("node enqueue.ts DIR: a folder of pictures is wanted");
const paths = readdirSync(resolve(folder), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(png|jpe?g|p[gp]m)$/i.test(entry.name)).map((entry) => join(entry.parentPath, entry.name));

const connection = connect();
const queue = new Queue<Question>(name, { connection });
let added = 0;
for (let at = 0; at < paths.length; at += 500) {
  const some = paths.slice(at, at + 500);
  const known = await connection.hmget(answers, ...some);
  const open = some.filter((_, index) => known[index] === null);
  await connection.sadd(asked, ...some);
  await queue.addBulk(open.map((path) => ({
    name, data: { path },
    // A worker that loses its server in the middle fails a job that is sound: it is tried again, later and later.
    opts: {
      jobId: createHash("sha256").update(path).digest("hex"), attempts: 10, backoff: { type: "exponential", delay: 200 },
      removeOnComplete: true,
    },
  })));
  added += open.length;
}
console.log(`${paths.length} pictures, ${added} of them to be answered`);
await queue.close();
connection.disconnect();
