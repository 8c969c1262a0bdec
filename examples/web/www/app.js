import init, { Board } from "./pkg/cancel_app_web.js";

const KINDS = [
  {
    kind: "primes",
    title: "Count primes",
    about: "Computes in slices, so that the page stays alive and clicks are heard.",
    text: (done, total) => `${count(done)} of ${count(total)} numbers`,
  },
  {
    kind: "download",
    title: "Download",
    about: "A real fetch of something slow. Cancelled, it closes the connection, and the server notices.",
    text: (done, total) => `${count(done)} of ${count(total)} KiB`,
  },
  {
    kind: "save",
    title: "Save in three steps",
    about: "The second step is shielded: once it has begun, it is finished, whoever asks for the end.",
    text: (done) =>
      done < 20 ? "checking" : done < 40 ? "writing, all of it" : done === 40 ? "written" : "telling the others",
  },
];

const count = (n) => n.toLocaleString("en");
const $ = (id) => document.getElementById(id);
const clone = (id) => $(id).content.firstElementChild.cloneNode(true);
let downloads = 0;

const cards = [];

await init().catch((error) => {
  $("failed").hidden = false;
  $("start-all").disabled = true;
  throw error;
});
const board = new Board();
KINDS.forEach((kind) => cards.push(card(kind)));

$("start-all").onclick = () => cards.forEach((card) => card.start());
$("stop-all").onclick = () => {
  cards.forEach((card) => card.soon());
  board.stopAll("“Stop everything” was pressed");
};
update();
document.body.dataset.ready = "";

/** A card for one kind of work. */
function card({ kind, title, about, text }) {
  const element = clone("job");
  const find = (what) => element.querySelector(what);
  const slider = find("input");
  let running = null;

  find("h2").textContent = title;
  find("h2").id = `${kind}-title`;
  element.setAttribute("aria-labelledby", `${kind}-title`);
  find(".about").textContent = about;
  slider.id = `${kind}-deadline`;
  find("label").htmlFor = slider.id;
  find("progress").setAttribute("aria-label", `Progress: ${title}`);
  slider.oninput = () => (find("output").textContent = deadline() ? `${deadline()} s` : "none");
  slider.oninput();
  $("jobs").append(element);

  function deadline() {
    return Number(slider.value) || undefined;
  }

  function show(state, words) {
    element.dataset.state = state;
    find(".badge").textContent = state;
    find(".text").textContent = words;
    // A button that is disabled loses the focus: the card keeps the place of who uses the keyboard.
    const focused = find(":focus");
    for (const [button, off] of [[".start", running], [".cancel", !running], [".abort", !running]]) {
      find(button).disabled = Boolean(off);
    }
    slider.disabled = Boolean(running);
    if (focused?.disabled) element.focus();
    update();
  }

  async function start() {
    if (running) return;
    const id = `${performance.timeOrigin}-${(downloads += 1)}`;
    const work = kind === "download" ? `slow?id=${id}&kib=640&seconds=6` : kind;
    const controller = new AbortController();
    let asked = "";
    const progress = (done, total) => {
      find("progress").value = total ? done / total : 0;
      find(".text").textContent = text(done, total) + asked;
    };
    find("progress").value = 0;
    const job = board.start(work, deadline(), controller.signal, progress);
    running = {
      cancel: () => job.cancel("the button was pressed"),
      abort: () => controller.abort(new DOMException("the page has changed its mind", "AbortError")),
      soon: () => (asked = " · asked to stop"),
    };
    show("running", "");
    const ending = await job.ended;
    running = null;
    const at = find(".text").textContent.replace(asked, "");
    show(ending.status, at);
    if (ending.status === "completed") find("progress").value = 1;
    const server = kind === "download" ? await seen(id) : "";
    tell(title, ending, at, server);
  }

  find(".start").onclick = start;
  find(".cancel").onclick = () => {
    running?.soon();
    running?.cancel();
  };
  find(".abort").onclick = () => {
    running?.soon();
    running?.abort();
  };
  return { start, soon: () => running?.soon(), isRunning: () => Boolean(running) };
}

function update() {
  $("stop-all").disabled = !cards.some((card) => card.isRunning());
}

/** What the server has seen of a download. */
async function seen(id) {
  const seen = await fetch(`seen?id=${id}`).then((answer) => answer.json()).catch(() => "gone");
  if (seen === "gone") return "The server does not answer.";
  if (!seen) return "";
  const [sent, total] = [seen.sent, seen.total].map((bytes) => count(bytes / 1024));
  return seen.state === "complete"
    ? `The server has sent all ${total} KiB.`
    : `The server saw the connection ${seen.state} after ${sent} of ${total} KiB.`;
}

/** One more line in the list, the latest first. */
function tell(title, ending, at, server) {
  const item = clone("ending");
  const find = (what) => item.querySelector(what);
  item.dataset.state = ending.status;
  find(".badge").textContent = ending.status;
  find("strong").textContent = title;
  const where = ending.status === "completed" || !at ? "" : `, at “${at}”`;
  find(".time").textContent = `after ${ending.seconds.toFixed(1)} s${where}`;
  find(".why").textContent = why(ending);
  find(".server").textContent = server;
  $("nothing").hidden = true;
  $("endings").prepend(item);
}

function why({ status, reason, rootReason, message, text }) {
  if (!reason) return (text ?? "").replace(/\d{4,}/g, (digits) => count(Number(digits)));
  const kind = rootReason ? `${reason} (${rootReason})` : reason;
  const asked = message ? `${kind}: ${message}` : kind === "timeout" ? "timeout: the deadline has passed" : kind;
  return status === "completed" && text ? `${text}. Asked to stop meanwhile, ${asked}` : `Reason ${asked}.`;
}
