// The Uploads page in a headless Chromium: a real server, an emulated YouTube, a line that can be held, a server that is killed.
//
// FENCEPOST_WORLD: {"url", "code", "restart", "youtube", "files", "looks"}, from web_test.py, which starts them.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { check, dropsFiles, eventually, launch, Line, runAll, Someone } from "./browser.mjs";
import { looksRight } from "./every_page.mjs";
import { templates } from "./templates.mjs";

const given = JSON.parse(process.env.FENCEPOST_WORLD);
const browser = await launch();
const line = await Line.to(given.url);
const world = { browser, url: line.url };
const ZONE = "Europe/Berlin";

const quiet = (...people) => {
  for (const one of people) check(one.complaints.length === 0, `a page complains: ${one.complaints.join(" | ")}`);
};
const youtube = async (path, body) =>
  (await fetch(given.youtube + path, body ? { method: "POST", body: JSON.stringify(body) } : {})).json();

// A Tuesday, and the days behind it, within what a channel plans ahead.
const DAY = 86_400_000;
const soon = new Date(Date.now() + 7 * DAY);
const tuesday = new Date(Date.UTC(soon.getUTCFullYear(), soon.getUTCMonth(), soon.getUTCDate() - ((soon.getUTCDay() + 6) % 7) + 1));
const dayAt = (n) => new Date(tuesday.getTime() + n * DAY).toISOString().slice(0, 10);
const dayName = (day) => new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day));

const slot = (someone, day, time) => someone.page.getByRole("listitem", { name: new RegExp(`^${dayName(day)}, ${time}:`) });
const within = (someone, day, time, title) => slot(someone, day, time).getByRole("button", { name: new RegExp(`^${title} `) });

async function channelOf(ada, body) {
  const connections = await ada.expects(200, "GET", "/api/v1/connections");
  return ada.expects(201, "POST", "/api/v1/channels", { connection_id: connections.items[0].id, zone: ZONE, ...body });
}
const film = async (someone, number) =>
  (await someone.asks("POST", "/api/v1/videos", { folder: "films", path: `Film ${number}.mp4` })).body.id;
const scheduled = (someone, channel, video, body) =>
  someone.expects(201, "POST", `/api/v1/channels/${channel}/uploads`, { video_id: video, kind: "short", ...body });

// An account, a channel, a file, a slot: each step leads to the next.
async function firstUse() {
  const ada = await Someone.arrives(browser, world.url);
  world.ada = ada;
  const { page } = ada;
  await ada.joins(given.code, "Ada");
  await page.getByRole("link", { name: "Uploads" }).click();
  await page.getByRole("link", { name: "Connect a YouTube account" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /Platform/ }).click();
  await page.getByRole("option", { name: "YouTube" }).click();
  await ada.button("Go on at YouTube").click();
  await ada.hears("Connected.");
  await ada.go("/uploads");
  await ada.button("Create a channel").click();
  await page.getByLabel("Name", { exact: true }).fill("Night Talk");
  await page.getByLabel("Time zone").fill(ZONE);
  await page.getByLabel("Videos a day of each kind").fill("short: one");
  await ada.button("Create").click();
  await page.getByRole("alert").getByText("is not a kind and a number").waitFor();
  await page.getByLabel("Videos a day of each kind").fill("final 1, short 2");
  await page.getByLabel("An upload begins before its slot (minutes)").fill("0");
  await ada.button("Create").click();
  await ada.heading("Calendar").waitFor();
  check((await page.getByText(`Times are in ${ZONE}.`, { exact: false }).count()) > 0, "the zone is written");

  await page.locator("input[type=file]").first().setInputFiles(`${given.files}/first.mp4`);
  const row = page.getByRole("listitem", { name: "first.mp4" });
  await row.getByText("Arrived").waitFor();
  await ada.button("Schedule it", row).click();
  const box = page.getByRole("dialog");
  const act = box.getByRole("button", { name: /^Schedule for \w{3}, / });
  await act.waitFor();
  const promised = (await act.innerText()).replace("Schedule for ", "");
  let requests = 0;
  page.on("request", (request) => (requests += request.method() === "POST" && request.url().endsWith("/uploads") ? 1 : 0));
  await act.evaluate((button) => {
    for (let n = 0; n < 5; n++) button.click();
  });
  await ada.hears(`becomes public ${promised}`);
  check(requests === 1, `five clicks sent ${requests} requests`);
  const all = await ada.expects(200, "GET", "/api/v1/uploads");
  check(all.items.length === 1 && all.items[0].status === "scheduled", "one upload waits");
  await ada.button("Undo").click();
  await ada.hears("Prevented: no video of it appears");
  const [after] = (await ada.expects(200, "GET", "/api/v1/uploads")).items;
  check(after.status === "cancelled", `undone: ${after.status}`);
  world.channel = after.channel_id;
  quiet(ada);
}

// By mouse and by keyboard, over the week and over the month; a no says why, and the video is where it was.
async function byDrag() {
  const { ada, channel } = world;
  const { page } = ada;
  const [one, two, three] = [await film(ada, 1), await film(ada, 2), await film(ada, 3)];
  await scheduled(ada, channel, one, { at: `${dayAt(0)}T10:00` });
  await scheduled(ada, channel, two, { at: `${dayAt(0)}T14:00` });
  await scheduled(ada, channel, three, { at: `${dayAt(1)}T10:00` });
  await ada.go(`/uploads?day=${dayAt(0)}`);
  await within(ada, dayAt(1), "10:00", "Film 3").waitFor();

  // The day has its two shorts: refused, and said so.
  await within(ada, dayAt(1), "10:00", "Film 3").dragTo(slot(ada, dayAt(0), "18:00"));
  await ada.hears(/“Film 3” was not moved: .*short/);
  await within(ada, dayAt(1), "10:00", "Film 3").waitFor();
  check((await within(ada, dayAt(0), "18:00", "Film 3").count()) === 0, "it is not shown where it may not be");
  // A slot that is taken, too.
  await within(ada, dayAt(1), "10:00", "Film 3").dragTo(slot(ada, dayAt(0), "14:00"));
  await ada.hears(/“Film 3” was not moved: .*full/);

  await within(ada, dayAt(0), "10:00", "Film 1").dragTo(slot(ada, dayAt(1), "18:00"));
  await ada.hears(/“Film 1” is moved to .* 18:00 CES?T/);
  await within(ada, dayAt(1), "18:00", "Film 1").waitFor();
  await ada.button("Undo").click();
  await ada.hears(/“Film 1” is back at .* 10:00 CES?T/);
  await within(ada, dayAt(0), "10:00", "Film 1").waitFor();

  // The keyboard alone.
  await ada.button("Move Film 3").focus();
  await page.keyboard.press("Enter");
  await eventually(async () => {
    const label = await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
    if (label.startsWith(`${dayName(dayAt(2))}, 14:00`)) return true;
    await page.keyboard.press("Tab");
    return false;
  }, "the slots can be walked through");
  await page.keyboard.press("Enter");
  await within(ada, dayAt(2), "14:00", "Film 3").waitFor();
  await ada.hears(/“Film 3” is moved to .* 14:00/);
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label") === "Move Film 3"), "the focus stays with it");

  // A whole day: it keeps its time of day.
  await ada.go(`/uploads?day=${dayAt(0)}&view=month`);
  const dayOf = (day) => page.getByRole("list", { name: /20\d\d$/ }).locator(":scope > li").filter({ has: page.getByRole("button", { name: `Week of ${dayName(day)}` }) });
  await dayOf(dayAt(2)).getByRole("button", { name: /Film 3 / }).dragTo(dayOf(dayAt(3)).locator(".caps"));
  await dayOf(dayAt(3)).getByRole("button", { name: /^14:00 Film 3 / }).waitFor();
  await ada.hears(/“Film 3” is moved to .* 14:00/);
  const moved = (await ada.expects(200, "GET", "/api/v1/uploads?status=scheduled")).items.find((item) => item.title === "Film 3");
  check(moved.publish_day === dayAt(3), `the server has it there: ${moved.publish_day}`);

  // In its box, for fingers; and cancelled there.
  await dayOf(dayAt(3)).getByRole("button", { name: /Film 3 / }).click();
  const box = page.getByRole("dialog");
  await box.getByLabel(`Slot, in ${ZONE}`).fill(`${dayAt(4)}T18:00`);
  await ada.button("Move", box).click();
  await dayOf(dayAt(4)).getByRole("button", { name: /^18:00 Film 3 / }).waitFor({ state: "attached" });
  await ada.button("Cancel the upload…", box).click();
  await ada.button("Cancel the upload", page.getByRole("dialog").last()).click();
  await ada.hears("Prevented: no video of it appears");
  await ada.button("Schedule in the next free slot", box).click();
  await ada.hears("Scheduled again.");
  quiet(ada);
}

// What a member may do: schedule on the channels that name her, and nothing else.
async function members() {
  const { ada, channel } = world;
  const link = await ada.expects(201, "POST", "/api/v1/invitations", { role: "member", note: "Bob" });
  const bob = await Someone.arrives(browser, world.url);
  await bob.joins(link.code, "Bob");
  await bob.go("/uploads");
  await bob.page.getByText("No channel lets you schedule.").waitFor();
  const early = await bob.asks("POST", `/api/v1/channels/${channel}/uploads`, { video_id: 1, kind: "short" });
  check(early.status === 403 || early.status === 404, `who is not named may not schedule: ${early.status}`);
  await ada.go("/uploads");
  await ada.button("Channel settings…").click();
  await ada.page.getByRole("dialog").getByText("bob@example.org").click();
  await ada.button("Save").click();
  await ada.hears("Saved.");
  await bob.go("/uploads");
  await bob.heading("Calendar").waitFor();
  for (const name of ["Channel settings…", "Switch off", "New channel…", "New quota project…"])
    check((await bob.button(name).count()) === 0, `a member is not offered: ${name}`);
  await film(ada, 4);
  await bob.button("Schedule a video…").click();
  const box = bob.page.getByRole("dialog");
  await box.getByRole("combobox", { name: "Video" }).fill("Film 4");
  await bob.page.getByRole("option", { name: /^Film 4/ }).click();
  await box.getByRole("button", { name: /^Schedule for / }).click();
  await bob.hears(/“Film 4” becomes public/);
  const seen = await ada.asks("GET", `/api/v1/channels/${channel}`);
  const refused = await bob.asks("PATCH", `/api/v1/channels/${channel}`, { enabled: false }, { headers: { "If-Match": seen.etag } });
  check(refused.status === 403, `a member may not switch a channel off: ${refused.status}`);
  quiet(bob);
  await bob.leaves();
}

const hashOf = (name) => createHash("sha256").update(readFileSync(`${given.files}/${name}`)).digest("hex");
async function arrivesWhole(someone, name) {
  const title = name.replace(".mp4", "");
  const found = await eventually(async () => {
    const { items } = await someone.expects(200, "GET", "/api/v1/videos?limit=200");
    const same = items.filter((one) => one.title === title);
    return same.length > 0 && same.every((one) => one.sha256) ? same : null;
  }, `${name} is a video`);
  check(found.length === 1, `${name} is there ${found.length} times`);
  check(found[0].sha256 === hashOf(name), `${name} is not what was sent`);
}

// The server is killed in the middle of a file, and another one started: the file goes on from where it was.
async function aFileThroughAKill() {
  const { ada } = world;
  const { page } = ada;
  await ada.go("/uploads");
  await ada.heading("Videos").waitFor();
  const seen = [];
  page.on("request", (request) => request.url().includes("/api/v1/files") && seen.push([request.method(), request.headers()["upload-offset"]]));
  const held = line.held(24 << 20);
  await page.locator("input[type=file]").first().setInputFiles(`${given.files}/cut.mp4`);
  await held;
  const row = page.getByRole("listitem", { name: "cut.mp4" });
  await row.getByText("Sending", { exact: true }).waitFor();
  const { url } = await (await fetch(given.restart, { method: "POST" })).json();
  await row.getByText("Waits for the server").waitFor();
  line.target = new URL(url);
  line.mend();
  await row.getByText("Arrived").waitFor();
  check(seen.filter(([method]) => method === "POST").length === 1, `one file was begun: ${JSON.stringify(seen)}`);
  check(seen.some(([method, offset]) => method === "PATCH" && Number(offset) > 0), `it went on where it was: ${JSON.stringify(seen)}`);
  await arrivesWhole(ada, "cut.mp4");
  quiet(ada);
}

// Paused, and after a reload: the same file goes on.
async function aFileThroughAReload() {
  const { ada } = world;
  const { page } = ada;
  const held = line.held(24 << 20);
  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await page.locator("input[type=file]").first().setInputFiles(`${given.files}/reload.mp4`);
  await held;
  await ada.button("Pause reload.mp4").click();
  await page.getByRole("listitem", { name: "reload.mp4" }).getByText("Paused", { exact: true }).waitFor();
  line.mend();
  // What was on its way is written when the server sees the line end.
  const { pathname } = new URL((await sent).url());
  await eventually(async () => (await ada.expects(200, "GET", pathname)).received > 1e6, "the server has a part");
  await ada.go("/uploads");
  const row = page.getByRole("listitem", { name: "reload.mp4" });
  await row.getByText(/: [1-9].* of 40 MB are here/).waitFor();
  await row.locator("input[type=file]").setInputFiles(`${given.files}/reload.mp4`);
  await row.getByText("Arrived").waitFor();
  await arrivesWhole(ada, "reload.mp4");
  quiet(ada);
}

// Files of the desktop, dropped on the page: each arrives whole, and one of nothing is said to be empty.
async function filesFromTheDesktop() {
  const { ada } = world;
  const { page } = ada;
  await ada.go("/uploads");
  const zone = page.locator(".drop-zone");
  await zone.waitFor();
  await dropsFiles(page, zone, ["drop one.mp4", "drop two.mp4", "nothing.mp4"].map((name) => `${given.files}/${name}`));
  await ada.hears("nothing.mp4 is empty.");
  for (const name of ["drop one.mp4", "drop two.mp4"]) {
    await page.getByRole("listitem", { name }).getByText("Arrived").waitFor();
    await arrivesWhole(ada, name);
  }
  // Anywhere on this page; on others the browser does not open what was dropped.
  await dropsFiles(page, ada.heading("Uploads"), [`${given.files}/drop three.mp4`]);
  await page.getByRole("listitem", { name: "drop three.mp4" }).getByText("Arrived").waitFor();
  await arrivesWhole(ada, "drop three.mp4");
  await page.getByRole("link", { name: "Today" }).click();
  await dropsFiles(page, ada.heading("Today"), [`${given.files}/first.mp4`]);
  await page.getByRole("link", { name: "Uploads" }).click();
  await zone.waitFor();
  check(ada.context.pages().length === 1, "no tab was opened");
  quiet(ada);
}

// What goes to YouTube moves on the screen by itself; a cancel before its last piece prevents it.
async function goingOut() {
  const { ada } = world;
  const { page } = ada;
  await youtube("/_set", { piece_rate: 4 << 20 });
  const cat = await Someone.arrives(browser, world.url);
  await cat.joins((await ada.expects(201, "POST", "/api/v1/invitations", { role: "member", note: "Cat" })).code, "Cat");
  const quick = await channelOf(ada, { name: "At once", lead_minutes: 20_160, limits: { short: 20, final: 20 }, capacity: 20, horizon_days: 14, people: [{ id: (await cat.expects(200, "GET", "/api/v1/me")).person.id }] });
  world.quick = quick.id;
  // A member's page asks for nothing by itself: its clock is put forward (less than what it bears of silence), and it is silent.
  // What she then sees, events told.
  await cat.page.clock.install();
  await cat.go(`/uploads?channel=${quick.id}`);
  await cat.heading("Calendar").waitFor();
  await cat.page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
  await cat.page.getByText("Live", { exact: true }).first().waitFor();
  const asked = [];
  cat.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await cat.page.clock.fastForward(40_000);
  await cat.page.evaluate(() => fetch("/healthz"));
  check(asked.join() === "/healthz", `asked for by itself: ${asked}`);
  await ada.go(`/uploads?channel=${quick.id}`);
  await ada.heading("Calendar").waitFor();
  await scheduled(ada, quick.id, await film(ada, 5));
  // It has a piece, and stays on its way: what is left of it would take minutes.
  const has = async (title) => (await youtube("/_uploads")).find((one) => one.body.snippet.title === title)?.have ?? 0;
  await eventually(async () => (await has("Film 5")) >= 8 << 20, "YouTube has a piece of it");
  await youtube("/_set", { piece_rate: 65_536 });
  const row = page.getByRole("listitem", { name: "Film 5" });
  // Today says when it becomes public, and of which channel, in that channel's zone.
  const today = await Someone.arrives(browser, world.url, { storageState: await ada.context.storageState() });
  await today.go("/");
  await today.page.getByRole("list", { name: "Goes out next" }).getByRole("listitem").filter({ hasText: "Film 5 on At once" }).getByText(/CES?T/).waitFor();
  quiet(today);
  await today.leaves();
  const bar = row.getByRole("progressbar", { name: "Upload of Film 5" });
  const hers = cat.page.getByRole("progressbar", { name: "Upload of Film 5" });
  for (const one of [bar, hers]) await eventually(async () => Number(await one.getAttribute("aria-valuenow")) > 0, "its progress is seen");
  await scheduled(ada, quick.id, await film(ada, 6));
  await eventually(async () => (await has("Film 6")) > 0, "the other is on its way, too");
  const other = page.getByRole("listitem", { name: "Film 6" });
  await ada.button("Look at Film 6", other).click();
  await ada.button("Cancel the upload…").click();
  await ada.button("Cancel the upload", page.getByRole("dialog").last()).click();
  await ada.hears("Prevented: no video of it appears");
  await ada.button("Close", page.getByRole("dialog")).click();
  await youtube("/_set", { piece_rate: null });
  await row.waitFor({ state: "detached" });
  const [there] = (await ada.expects(200, "GET", "/api/v1/uploads?status=uploaded")).items;
  check(there?.title === "Film 5", "what left the list of those under way is on YouTube");
  await ada.go(`/uploads?channel=${quick.id}&day=${there.publish_day}`);
  await page.getByRole("button", { name: /^Film 5 short, uploaded/ }).waitFor();
  await hers.waitFor({ state: "detached" });
  quiet(cat);
  await cat.leaves();
  const titles = (await youtube("/_videos")).map((one) => one.title);
  check(titles.includes("Film 5") && !titles.includes("Film 6"), `on YouTube: ${titles}`);
  quiet(ada);
}

// Nobody knows whether it is there: Today says so, and a person decides.
async function aPersonDecides() {
  const { ada } = world;
  const { page } = ada;
  // The one piece is taken, its answer is cut, and nobody can be asked any more.
  await youtube("/_fault", { mode: "accept_then_cut", method: "PUT", path: "/upload/.*" });
  await youtube("/_fault", { mode: "status", status: 404, method: "PUT", path: "/upload/.*", times: 1000 });
  await scheduled(ada, world.quick, await film(ada, 7));
  await eventually(async () => (await youtube("/_videos")).some((one) => one.title === "Film 7"), "YouTube has it");
  await ada.go("/");
  await page.getByText("Say whether the video is there.").waitFor();
  await page.getByRole("link", { name: "Film 7" }).click();
  const box = page.getByRole("dialog", { name: "Film 7" });
  // Not before the last piece's own deadline: it may still be travelling.
  await eventually(async () => {
    await ada.button("It is there", box).click();
    const said = page.waitForResponse(/\/resolve$/);
    const sure = page.getByRole("dialog", { name: "The video is there?" });
    await Promise.all([said, ada.button("It is there", sure).click()]);
    await sure.waitFor({ state: "detached" });
    return (await said).status() === 200;
  }, "the person's word is taken");
  await box.getByText("Uploaded", { exact: true }).waitFor();
  await youtube("/_fault", { mode: "none" });
  check((await youtube("/_videos")).filter((one) => one.title === "Film 7").length === 1, "and it is there once");
  quiet(ada);
}

const looks = () => looksRight(world, process.env.FENCEPOST_SHOTS,
  [["uploads", `/uploads?channel=${world.channel}&day=${dayAt(0)}`], ["uploads-month", `/uploads?channel=${world.channel}&view=month&day=${dayAt(0)}`],
    ["uploads-template", `/uploads?channel=${world.channel}`], ["upload", "/uploads?upload=2"], ["today-uploads", "/"]],
  { uploads: [["button", "Schedule a video…"]], "uploads-month": [["button", "Channel settings…"]], "uploads-template": [["button", "New template…"]] });

const only = process.env.FENCEPOST_ONLY;
const failed = await runAll([
  ["an account, a channel, a file, a slot", firstUse],
  ["videos are moved by drag, and a no says why", byDrag],
  ["a member schedules where a channel names her", members],
  ["a file arrives whole through a server that is killed", aFileThroughAKill],
  ["a file goes on after a pause and a reload", aFileThroughAReload],
  ["files of the desktop are dropped on the page", filesFromTheDesktop],
  ["templates are made, previewed, changed by two, used", () => templates(world)],
  ["an upload is seen on its way, and cancelled there", goingOut],
  ["a video of unknown outcome is a person's to say", aPersonDecides],
  ...(given.looks ? [["uploads: axe, 360 px, policy", looks]] : []),
].filter(([name], n) => n === 0 || !only || only.split("|").some((part) => name.includes(part))));
await browser.close();
line.close();
process.exit(failed > 0 ? 1 : 0);
