// Serves the page, and a resource that comes slowly and notices when nobody wants it any more.
// `cargo xtask web --serve` runs it: node server.mjs FOLDER [PORT]

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};
const CHUNK = 16 * 1024;

/** What became of each download, by its id. */
const downloads = new Map();

export function serve(folder, port = 0) {
  const server = createServer((request, response) => {
    // (A path, or something else for which there is nothing here.)
    const url = new URL(request.url.startsWith("/") ? `http://localhost${request.url}` : "http://localhost/none");
    if (url.pathname === "/slow") slow(url, response);
    else if (url.pathname === "/seen") seen(url, response);
    else file(folder, url, response);
  });
  return new Promise((ready) => {
    server.listen(port, "127.0.0.1", () => {
      ready({ server, address: `http://127.0.0.1:${server.address().port}/` });
    });
  });
}

async function file(folder, url, response) {
  try {
    const path = normalize(decodeURIComponent(url.pathname));
    const body = await readFile(join(folder, path.endsWith("/") ? `${path}index.html` : path));
    response.setHeader("content-type", TYPES[extname(path) || ".html"] ?? "application/octet-stream");
    response.setHeader("cache-control", "no-store");
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end("not found");
  }
}

/** `kib` KiB in `seconds`, a piece at a time. */
function slow(url, response) {
  const number = (name, or) => Math.min(Math.max(Number(url.searchParams.get(name)), 0) || or, 10_000);
  const total = number("kib", 640) * 1024;
  const pause = (number("seconds", 6) * 1000 * CHUNK) / total;
  const seen = { sent: 0, total, state: "open" };
  downloads.set(url.searchParams.get("id"), seen);
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": total,
    "cache-control": "no-store",
  });
  const timer = setInterval(() => {
    const piece = Math.min(CHUNK, total - seen.sent);
    seen.sent += piece;
    response.write(Buffer.alloc(piece));
    if (seen.sent === total) {
      clearInterval(timer);
      seen.state = "complete";
      response.end();
    }
  }, pause);
  response.on("close", () => {
    clearInterval(timer);
    if (seen.state === "open") seen.state = "closed by the browser";
  });
}

/** As JSON, when it is over. */
async function seen(url, response) {
  const seen = downloads.get(url.searchParams.get("id"));
  for (let patience = 100; seen?.state === "open" && patience > 0; patience -= 1) {
    await new Promise((next) => setTimeout(next, 20));
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(seen ?? null));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, port] = process.argv.slice(2);
  const { address } = await serve(folder, Number(port) || 0);
  console.log(`The page is at ${address} (Ctrl-C ends it)`);
}
