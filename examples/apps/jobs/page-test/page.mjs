// Clicks through the page as a user does. `cargo xtask page` runs it:
// node page.mjs SERVER CHROMIUM FOLDER-FOR-SCREENSHOTS

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [server, executablePath, folder] = process.argv.slice(2);
const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage",
];
/** Generous: for machines that are busy with other things. */
const PATIENCE = 30_000;

const app = spawn(server, ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
const exit = once(app, "exit");
const [greeting] = await once(createInterface({ input: app.stdout }), "line");
const address = greeting.match(/http:\/\/[\d.:]+/)[0];

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

const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, colorScheme: "light" });
page.setDefaultTimeout(PATIENCE);
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));

const running = (name) => page.locator("#running .job", { hasText: name });
const finished = (name) => page.locator("#finished .job", { hasText: name });
const bar = (name) => running(name).getByRole("progressbar");

async function start(kind, name, steps, deadline = "") {
  await page.getByRole("radio", { name: kind }).check();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Steps").fill(String(steps));
  await page.getByLabel("Deadline").fill(String(deadline));
  await page.getByRole("button", { name: "Start job" }).click();
}

/** Waits until the text is there, in one element that is visible. */
async function says(locator, ...texts) {
  for (const text of texts) {
    await locator.filter({ hasText: text }).waitFor({ timeout: PATIENCE });
  }
}

/** Waits for the bar to get beyond `value`, and tells how far it has come. */
async function beyond(name, value) {
  const element = await bar(name).elementHandle();
  const moved = await page.waitForFunction(([bar, value]) => bar.value > value && bar.value, [element, value]);
  return moved.jsonValue();
}

async function picture(file) {
  await page.screenshot({ path: join(folder, file), fullPage: true });
}

await check("the page connects", async () => {
  await page.goto(address);
  await says(page.getByRole("status"), "Live");
  await says(page.locator("#running-empty"), "Nothing is running");
});

await check("a job starts with a click, and its progress moves", async () => {
  await start("Count primes", "Nightly run", 600);
  const first = await beyond("Nightly run", 0);
  const second = await beyond("Nightly run", first);
  assert.ok(0 < first && first < second && second <= 1, `${first}, ${second}`);
  await says(running("Nightly run"), "of 600 steps", "primes below");
});

await check("a job completes", async () => {
  await start("Write a backup", "Backup of today", 6);
  await says(finished("Backup of today"), "completed", "384 KiB written");
});

await check("a job fails, and says where", async () => {
  await start("Import rows", "Customers", 5);
  await says(finished("Customers"), "failed", 'row 4: "4x2": invalid digit');
});

await check("a deadline cancels", async () => {
  await start("Count primes", "In a hurry", 600, 0.5);
  await says(finished("In a hurry"), "cancelled", "timeout: its deadline has passed");
});

await check("nothing is cancelled by looking at the question", async () => {
  await running("Nightly run").getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog");
  await says(dialog, "Cancel this job?", "Nightly run");
  await picture("jobs-dialog.png");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await running("Nightly run").count(), 1);
});

await check("cancelled with a reason and a message, which the list shows", async () => {
  await running("Nightly run").getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "The input was wrong" }).check();
  await dialog.getByLabel("Message").fill("that was last night's list");
  await dialog.getByRole("button", { name: "Cancel job" }).click();
  await says(finished("Nightly run"), "cancelled", "wrong input", "“that was last night's list”");
  await running("Nightly run").waitFor({ state: "detached" });
  await says(page.locator("#total-running"), "0");
});

await check("who leaves cancels their request", async () => {
  await page.getByRole("button", { name: "Get report" }).click();
  await beyond("GET /report", 0);
  await page.getByRole("button", { name: "Leave" }).click();
  await says(finished("GET /report"), "cancelled", "dropped: the client left");
});

await check("names are text and not markup", async () => {
  await start("Count primes", "<img src=x onerror=alert(1)>", 1);
  await says(finished("<img src=x onerror=alert(1)>"), "completed");
  assert.equal(await page.locator("#finished img").count(), 0);
});

await check("what the server refuses is said", async () => {
  await page.evaluate(() => document.querySelector("#new").setAttribute("novalidate", ""));
  await start("Count primes", "Nothing to do", 0);
  await says(page.getByRole("alert"), "the number of steps is between 1 and 10000");
  // The browser tells the console of each refusal.
  assert.match(complaints.pop() ?? "", /400/);
});

await check("all of it again after a reload, and pictures", async () => {
  await page.reload();
  await start("Count primes", "Monthly figures", 150, 120);
  await start("Write a backup", "Photo archive", 400);
  await beyond("Monthly figures", 0.1);
  await beyond("Photo archive", 0.01);
  await says(finished("Nightly run"), "wrong input");
  await picture("jobs.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("jobs-dark.png");
  await page.setViewportSize({ width: 360, height: 740 });
  await picture("jobs-narrow.png");
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide for a phone`);
});

await check("a shutdown cancels what runs, and the page says so", async () => {
  app.kill("SIGINT");
  await says(finished("Photo archive"), "shutdown: the server is shutting down");
  await says(page.getByRole("status"), "The server has been shut down");
  const [code] = await exit;
  assert.equal(code, 0);
});

await check("the browser had nothing to complain about", () => {
  assert.deepEqual(complaints, []);
});

await browser.close();
app.kill("SIGKILL");
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
