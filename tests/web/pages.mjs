// The pages in a headless Chromium, against a real server and a real receiver of webhooks.
//
// FENCEPOST_WORLD: {"url", "code", "receiver", "looks"}, from web_test.py, which starts them.
import { check, eventually, launch, Line, PASSWORD, PATIENCE, runAll, Someone } from "./browser.mjs";
import { bulkSelection, followsUntold, manyRows } from "./bulk.mjs";
import { everyPage } from "./every_page.mjs";
import { images } from "./images.mjs";
import { Receiver } from "./receiver.mjs";
import { silence, unanswered } from "./standstill.mjs";
import { throughput, trouble } from "./throughput.mjs";
import { generatedTexts, spending } from "./texts.mjs";
import { World } from "./world.mjs";

const given = JSON.parse(process.env.FENCEPOST_WORLD);
const browser = await launch();
const line = await Line.to(given.url);
const receiver = new Receiver(given.receiver);
const world = new World(browser, line.url, receiver);
let bob, cat;

const quiet = (...people) => {
  for (const one of people) check(one.complaints.length === 0, `a page complains: ${one.complaints.join(" | ")}`);
};

async function firstRun() {
  const ada = await world.firstRun(given.code);
  const late = await Someone.arrives(browser, world.url);
  await late.go("/welcome#code=fpf_nothing");
  await late.page.getByLabel("Your name").fill("Eve");
  await late.page.getByLabel("E-mail").fill("eve@example.org");
  await late.page.getByLabel("Password").fill(PASSWORD);
  await late.button("Begin").click();
  await eventually(async () => (await late.page.getByRole("alert").innerText()).length > 0, "a used link says what is wrong");
  check(!late.page.url().includes("code="), "the code does not stay in the address");
  await late.leaves();

  // Arm an announcement by the pages, and let it go live.
  await ada.go(`/shows/${world.show}`);
  await ada.button("New episode").click();
  await ada.page.getByLabel("Title").fill("Pilot");
  await ada.page.getByLabel("Start, in Europe/Berlin").fill("2030-11-27T20:00");
  await ada.button("Create").click();
  await ada.heading("Pilot").waitFor();
  check((await ada.page.getByText("20:00 CET").count()) > 0, "times are said with their zone");
  await ada.button("Announce on an account of yours").click();
  await ada.page.getByRole("dialog").getByLabel("Text (optional)").fill("{show} is live: {title}");
  await ada.button("Arm it").click();
  const card = world.card(ada, "Ada");
  await card.getByText("Night Talk is live: Pilot").waitFor();
  await card.getByLabel("Your text").fill("A draft of {title}");
  await card.getByText("A draft of Pilot").waitFor();
  await ada.button("It is live").click();
  await ada.button("It is live", ada.page.getByRole("dialog")).click();
  await card.getByText("Posted", { exact: true }).waitFor();
  check((await receiver.arrivals()) === 1, "one post arrived");
  await card.getByText("Night Talk is live: Pilot").waitFor(); // what was sent, not what was being written
  quiet(ada);
}

async function signIn() {
  const someone = await Someone.arrives(browser, world.url);
  await someone.go("/shows");
  await someone.page.getByLabel("E-mail").fill("ada@example.org");
  await someone.page.getByLabel("Password").fill("a wrong password");
  await someone.button("Sign in").click();
  await eventually(async () => (await someone.page.getByRole("alert").innerText()).length > 0, "a wrong password is told");
  await someone.page.getByLabel("Password").fill(PASSWORD);
  await someone.button("Sign in").click();
  await someone.heading("Shows").waitFor();
  // A cookie alone changes nothing, nor does a page of another site.
  const refused = await someone.asks("POST", "/api/v1/shows", { name: "Evil", slug: "evil" }, { csrf: false });
  check(refused.status === 403 && refused.body.code === "csrf", `without the token: ${refused.status}`);
  // Signed out elsewhere: the next thing that is asked leads to the door, and back to the same page.
  await someone.expects(204, "DELETE", "/api/v1/session").catch(() => {});
  await someone.page.getByRole("link", { name: "Connections" }).click();
  await someone.heading("Sign in").waitFor();
  await someone.page.getByLabel("E-mail").fill("ada@example.org");
  await someone.page.getByLabel("Password").fill(PASSWORD);
  await someone.button("Sign in").click();
  await someone.heading("Connections").waitFor();
  await someone.leaves();
}

async function roles() {
  bob = await world.invites("Bob", "host");
  cat = await world.invites("Cat", "host");
  await bob.go(`/shows/${world.show}`);
  await bob.heading("Night Talk").waitFor();
  await bob.page.getByRole("tab", { name: "Members" }).click();
  await bob.page.getByText("bob@example.org").waitFor();
  for (const name of ["Switch off", "Invite", "Take out"])
    check((await bob.button(name).count()) === 0, `a host is not offered: ${name}`);
  check((await bob.page.getByRole("tab").count()) === 2, "a host is not offered a show's settings");
  check((await bob.page.getByRole("link", { name: "Pipelines" }).count()) === 0, "a member is not offered pipelines");
  const show = await bob.asks("GET", `/api/v1/shows/${world.show}`);
  const off = await bob.asks("PATCH", `/api/v1/shows/${world.show}`, { enabled: false }, { headers: { "If-Match": show.etag } });
  check(off.status === 403, `a host may not switch a show off: ${off.status}`);
  await bob.expects(403, "GET", "/api/v1/users");
  await bob.expects(403, "POST", "/api/v1/queues/announcements/pause", {});
  quiet(bob);
}

// Five fast clicks send one request and one post; two people at once get true answers; all screens show it at once. Cat is
// a host of the same show: nothing of hers is announced, and her page asks for nothing by itself, so that what she sees of
// Bob's came with an event.
async function anEvening() {
  const { ada } = world;
  const before = await receiver.arrivals();
  const episode = await world.episode("Evening");
  await world.armed(bob, episode);
  for (const one of [ada, bob, cat]) {
    await one.go(`/episodes/${episode}`);
    await world.card(one, "Bob").waitFor();
  }
  await cat.page.getByText("Live", { exact: true }).first().waitFor();
  await receiver.meets("slow", 600);
  let requests = 0;
  bob.page.on("request", (request) => (requests += request.url().endsWith("/post-now") ? 1 : 0));
  await bob.button("Post now…", world.card(bob, "Bob")).click();
  const confirm = bob.button("Post now", bob.page.getByRole("dialog"));
  await confirm.evaluate((button) => {
    for (let n = 0; n < 5; n++) button.click();
  });
  // The other one says no while it is being sent: too late, and told so.
  await world.card(ada, "Bob").getByText("Sending", { exact: true }).waitFor();
  await world.card(ada, "Bob").getByText("Goes out", { exact: true }).click();
  await ada.hears("Too late to prevent: it is being sent.");
  await receiver.meets("none"); // and it is answered
  for (const one of [ada, bob, cat]) await world.card(one, "Bob").getByText("Posted", { exact: true }).first().waitFor();
  check(requests === 1, `five clicks sent ${requests} requests`);
  check((await receiver.arrivals()) === before + 1, "five clicks, one post");

  // The other way round: prevented, undone, prevented again; then posting is refused by no one but the switch.
  const second = await world.episode("Evening, again");
  const made = await world.armed(bob, second);
  for (const one of [ada, bob, cat]) await one.go(`/episodes/${second}`);
  await world.card(cat, "Bob").getByText("Pending", { exact: true }).waitFor();
  await world.card(ada, "Bob").getByText("Goes out", { exact: true }).click();
  await ada.hears("Prevented: it has not been posted");
  for (const one of [bob, cat]) await world.card(one, "Bob").getByText("Disabled", { exact: true }).waitFor();
  const answer = await bob.asks("POST", `/api/v1/announcements/${made.id}/post-now`, {}, { headers: { "Idempotency-Key": "late" } });
  check(answer.status === 409 && answer.body.code === "disabled", `a prevented one is not posted: ${answer.status} ${answer.body.code}`);
  await world.card(bob, "Bob").getByText("Goes out", { exact: true }).click();
  await bob.hears("Enabled");
  for (const one of [ada, cat]) await world.card(one, "Bob").getByText("Pending", { exact: true }).waitFor();
  check((await receiver.arrivals()) === before + 1, "nothing else was posted");
  // Deleted: gone from her screen too.
  await bob.expects(200, "DELETE", `/api/v1/announcements/${made.id}`);
  await world.card(cat, "Bob").waitFor({ state: "detached" });
  quiet(ada, bob, cat);
}

async function unknownOutcome() {
  const { ada } = world;
  const episode = await world.episode("A cut");
  await world.armed(ada, episode);
  await ada.go(`/episodes/${episode}`);
  await receiver.meets("accept_then_cut");
  await ada.button("Post now…", world.card(ada, "Ada")).click();
  await ada.button("Post now", ada.page.getByRole("dialog")).click();
  const card = world.card(ada, "Ada");
  await card.getByText("It was sent, and no answer came.").waitFor();
  await card.getByText(/: A cut/).waitFor(); // what the platform was asked
  await ada.page.getByRole("link", { name: "Today" }).click();
  await ada.page.getByText("Say whether it was posted.").waitFor();
  await ada.page.getByRole("link", { name: "A cut" }).first().click();
  // Not before the request's own deadline: the old one may still be travelling.
  await eventually(async () => {
    await ada.button("It was posted", card).click();
    const said = ada.page.waitForResponse(/\/resolve$/);
    const sure = ada.page.getByRole("dialog");
    await Promise.all([said, ada.button("It was posted", sure).click()]);
    await sure.waitFor({ state: "detached" });
    return (await said).status() === 200;
  }, "the person's word is taken", 2 * PATIENCE);
  await card.getByText("Posted", { exact: true }).waitFor();
  quiet(ada);
}

async function reconnects() {
  const { ada } = world;
  const episode = await world.episode("A line is cut");
  await world.armed(bob, episode);
  await ada.go(`/episodes/${episode}`);
  await world.card(ada, "Bob").getByText("Pending", { exact: true }).waitFor();
  await ada.page.getByText("Live", { exact: true }).first().waitFor();
  line.cut();
  await ada.page.getByText("Reconnecting…").waitFor();
  line.mend();
  const all = await bob.expects(200, "GET", `/api/v1/episodes/${episode}/announcements`);
  await bob.expects(200, "POST", `/api/v1/announcements/${all.items[0].id}/disable`, {});
  await world.card(ada, "Bob").getByText("Disabled", { exact: true }).waitFor();
  await eventually(async () => (await ada.page.getByText("Reconnecting…").count()) === 0, "the stream is back");
}

// FENCEPOST_ONLY: a part of the names of those that shall run after the first, which makes the world.
const only = process.env.FENCEPOST_ONLY;
const failed = await runAll([
  ["first run, by the pages", firstRun],
  ["signing in, and foreign requests", signIn],
  ["what a host may not do is not offered, and not accepted", roles],
  ["an evening in two browsers", anEvening],
  ["an unknown outcome is a person's to say", unknownOutcome],
  ["the stream of events comes back", reconnects],
  ["what never answers holds nothing else up", () => unanswered(world)],
  ["a stream that fell silent is opened anew", () => silence(world)],
  ["images are added, described, ordered and posted", () => images(world, given.discord)],
  ["a chart shows what ended before it was opened", () => throughput(world)],
  ["what is stuck is said on its queue's page", () => trouble(world, receiver)],
  ["texts of a language model, in the host's style", () => generatedTexts(world, given.model)],
  ["what posts may cost, and what failed of a queue", () => spending(world, given.x)],
  ["1,000 records are chosen at once", () => bulkSelection(world)],
  ["records follow without an event, and stay in their place", () => followsUntold(world)],
  ["a long list scrolls and filters by the server's pages", () => manyRows(world)],
  // What a page looks like does not depend on the database.
  ...(given.looks ? [["every page: axe, 360 px, policy, size", () => everyPage(world, process.env.FENCEPOST_SHOTS)]] : []),
].filter(([name], n) => n === 0 || !only || name.includes(only)));
await browser.close();
line.close();
process.exit(failed > 0 ? 1 : 0);
