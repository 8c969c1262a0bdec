// Clicks through the page as a user does. `cargo xtask web` runs it:
// node page.mjs SITE SERVER.MJS CHROMIUM FOLDER-FOR-SCREENSHOTS

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [site, serverFile, executablePath, folder] = process.argv.slice(2);
const { serve } = await import(pathToFileURL(serverFile));
const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage",
];
/** Generous: for machines that are busy with other things. */
const PATIENCE = 30_000;

// Nothing hangs for ever.
setTimeout(() => {
  console.error("FAILED: the whole of it took too long");
  process.exit(1);
}, 5 * 60_000).unref();

const { server, address } = await serve(site);
const browser = await chromium.launch({ executablePath, args: FLAGS });
let passed = 0;
let failed = 0;

async function check(what, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok: ${what}`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED: ${what}\n${error.stack}`);
  }
}

const page = await browser.newPage({ viewport: { width: 1160, height: 900 }, colorScheme: "light" });
page.setDefaultTimeout(PATIENCE);
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));

const job = (title) => page.getByRole("article", { name: title });
const press = (title, button) => job(title).getByRole("button", { name: button }).click();
const endings = page.locator("#endings li");
const ending = (title) => endings.filter({ hasText: title }).first();

/** Waits until the text is there, in one element that is visible. */
async function says(locator, ...texts) {
  for (const text of texts) {
    await locator.filter({ hasText: text }).waitFor({ timeout: PATIENCE });
  }
}

/** Waits for the bar to get beyond `value`, and tells how far it has come. */
async function beyond(title, value) {
  const element = await job(title).getByRole("progressbar").elementHandle();
  const moved = await page.waitForFunction(([bar, value]) => bar.value > value && bar.value, [element, value]);
  return moved.jsonValue();
}

async function deadline(title, seconds) {
  await job(title).getByLabel("Deadline").fill(String(seconds));
}

/** Does something that ends one job, and waits for its line. */
async function ends(title, act, ...texts) {
  const before = await endings.count();
  await act();
  await page.waitForFunction((before) => document.querySelectorAll("#endings li").length > before, before);
  await says(ending(title), ...texts);
  assert.ok(await job(title).getByRole("button", { name: "Start" }).isEnabled());
  assert.ok(await job(title).getByRole("button", { name: "Cancel" }).isDisabled());
}

async function picture(file) {
  await page.screenshot({ path: join(folder, file), fullPage: true });
}

await check("the page loads", async () => {
  await page.goto(address);
  await page.waitForSelector("body[data-ready]");
  await says(page.locator("#nothing"), "Nothing has ended yet");
  assert.ok(await page.getByRole("button", { name: "Stop everything" }).isDisabled());
});

await check("work that computes goes on, and a click cancels it", async () => {
  await press("Count primes", "Start");
  const first = await beyond("Count primes", 0);
  const second = await beyond("Count primes", first);
  assert.ok(0 < first && first < second && second < 1, `${first}, ${second}`);
  await ends(
    "Count primes",
    () => press("Count primes", "Cancel"),
    "cancelled",
    "Reason manual: the button was pressed.",
  );
  const stopped = await job("Count primes").getByRole("progressbar").evaluate((bar) => bar.value);
  assert.ok(stopped < 1, `${stopped}`);
});

await check("a download is aborted, and the server notices", async () => {
  await press("Download", "Start");
  await beyond("Download", 0.05);
  await ends(
    "Download",
    () => press("Download", "Cancel"),
    "Reason manual: the button was pressed.",
    /The server saw the connection closed by the browser after \d+ of 640 KiB\./,
  );
  const sent = Number((await ending("Download").textContent()).match(/after (\d+) of/)[1]);
  assert.ok(0 < sent && sent < 640, `${sent}`);
});

await check("a deadline ends it, with its reason", async () => {
  await deadline("Download", 0.5);
  await says(job("Download").getByRole("status"), "0.5 s");
  await ends("Download", () => press("Download", "Start"), "cancelled", "Reason timeout: the deadline has passed.", "closed by the browser");
  await deadline("Download", 0);
  await says(job("Download").getByRole("status"), "none");
});

await check("a signal of JavaScript's cancels Rust's work", async () => {
  await press("Download", "Start");
  await beyond("Download", 0.05);
  await ends(
    "Download",
    () => press("Download", "Abort"),
    "Reason manual: the page has changed its mind.",
    "closed by the browser",
  );
});

await check("a shielded step is finished, the next one not begun", async () => {
  await press("Save in three steps", "Start");
  await says(job("Save in three steps"), "writing, all of it");
  await press("Save in three steps", "Cancel");
  await says(job("Save in three steps"), "asked to stop");
  await ends("Save in three steps", () => {}, "cancelled", "at “written”", "Reason manual: the button was pressed.");
  const done = await job("Save in three steps").getByRole("progressbar").evaluate((bar) => bar.value);
  assert.ok(Math.abs(done - 2 / 3) < 0.001, `two of three steps, not ${done}`);
});

await check("before the shield it stops at once", async () => {
  await press("Save in three steps", "Start");
  await beyond("Save in three steps", 0);
  await ends("Save in three steps", () => press("Save in three steps", "Abort"), "the page has changed its mind");
  const done = await job("Save in three steps").getByRole("progressbar").evaluate((bar) => bar.value);
  assert.ok(done < 1 / 3, `${done}`);
});

await check("what is left alone completes", async () => {
  await press("Count primes", "Start");
  await ends("Count primes", () => press("Save in three steps", "Start"), "completed", "148,933 primes below 2,000,000");
  await says(ending("Save in three steps"), "completed", "checked, written, told");
});

await check("stop everything: all children, with the reason of their parent", async () => {
  await page.getByRole("button", { name: "Start all" }).click();
  for (const title of ["Count primes", "Download", "Save in three steps"]) await beyond(title, 0.02);
  const before = await endings.count();
  await page.getByRole("button", { name: "Stop everything" }).click();
  await page.waitForFunction((count) => document.querySelectorAll("#endings li").length === count, before + 3);
  for (const title of ["Count primes", "Download", "Save in three steps"]) {
    await says(ending(title), "cancelled", "Reason parent (shutdown): “Stop everything” was pressed.");
  }
  assert.ok(await page.getByRole("button", { name: "Stop everything" }).isDisabled());
});

await check("and all of it can be started again", async () => {
  await page.getByRole("button", { name: "Start all" }).click();
  await beyond("Download", 0.1);
  await beyond("Count primes", 0.05);
  await press("Count primes", "Cancel");
  await deadline("Count primes", 3);
  await says(ending("Count primes"), "the button was pressed");
});

await check("pictures, in light, dark and narrow", async () => {
  await picture("web.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("web-dark.png");
  await page.setViewportSize({ width: 360, height: 740 });
  await picture("web-narrow.png");
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide for a phone`);
});

await check("a download that cannot connect fails, and says so", async () => {
  await page.getByRole("button", { name: "Stop everything" }).click();
  await page.waitForFunction(() => !document.querySelector("#jobs [data-state=running]"));
  await page.route("**/slow?*", (route) => route.abort());
  await ends("Download", () => press("Download", "Start"), "failed", "TypeError: ");
  // The browser itself tells the console of it.
  assert.match(complaints.pop() ?? "", /Failed to load resource/);
});

await check("also if the server cannot be asked any more", async () => {
  await page.route("**/seen?*", (route) => route.abort());
  await ends("Download", () => press("Download", "Start"), "failed", "TypeError: ", "The server does not answer.");
  await page.unroute("**/seen?*");
  complaints.splice(-2).forEach((text) => assert.match(text, /Failed to load resource/));
});

await check("a page whose WebAssembly does not load says so", async () => {
  const other = await browser.newPage();
  await other.route("**/*.wasm", (route) => route.abort());
  await other.goto(address);
  await says(other.getByRole("alert"), "could not be loaded");
  assert.ok(await other.getByRole("button", { name: "Start all" }).isDisabled());
  await other.close();
});

await check("who uses the keyboard stays where they are", async () => {
  const card = job("Save in three steps");
  const inside = () => card.evaluate((card) => card.contains(document.activeElement));
  await card.getByRole("button", { name: "Start" }).focus();
  await page.keyboard.press("Enter");
  await beyond("Save in three steps", 0);
  assert.ok(await inside(), "after the start");
  await card.getByRole("button", { name: "Cancel" }).focus();
  await ends("Save in three steps", () => page.keyboard.press("Enter"), "the button was pressed");
  assert.ok(await inside(), "after the end");
});

await check("odd requests are answered", async () => {
  assert.equal((await fetch(`${address}/`)).status, 200);
  const few = await fetch(`${address}slow?id=few&kib=-5&seconds=0.01`);
  assert.equal((await few.arrayBuffer()).byteLength, 640 * 1024);
});

await check("leaving the page closes its connections", async () => {
  await page.unroute("**/slow?*");
  const request = page.waitForRequest("**/slow?*");
  await press("Download", "Start");
  const id = new URL((await request).url()).searchParams.get("id");
  await beyond("Download", 0);
  await page.goto("about:blank");
  const seen = await (await fetch(`${address}seen?id=${encodeURIComponent(id)}`)).json();
  assert.equal(seen.state, "closed by the browser");
});

await check("the browser had nothing to complain about", () => {
  assert.deepEqual(complaints, []);
});

await browser.close();
server.closeAllConnections();
server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
