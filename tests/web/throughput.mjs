import { check, eventually, Someone } from "./browser.mjs";

// What a queue's row of the charts says is done, and whether bars are drawn beside it.
async function shownDone(someone, queue) {
  const row = someone.page.getByRole("region", { name: "How the queues go" }).getByRole("row", { name: queue, exact: false }).first();
  await row.waitFor();
  const headings = await someone.page.getByRole("region", { name: "How the queues go" }).getByRole("columnheader").allInnerTexts();
  const cells = await row.locator("th, td").allInnerTexts();
  return { done: Number(cells[headings.findIndex((text) => text.trim() === "Done")]?.replaceAll(",", "") || NaN), bars: await row.locator("rect.bar-done").count() };
}

// Posts went out before this browser had any page open: its first look shows them, minute by minute.
export async function throughput(world) {
  const { ada } = world;
  const counted = async () => {
    const got = await ada.expects(200, "GET", "/api/v1/queues/announcements/throughput");
    return got.steps.reduce((n, step) => n + step.done, 0);
  };
  const before = await eventually(counted, "the posts of the stories before are counted");
  const late = await Someone.arrives(world.browser, world.url);
  await late.signsIn("ada@example.org");
  await late.go("/pipelines/places");
  const seen = await eventually(async () => {
    const now = await shownDone(late, "announcements");
    return Number.isNaN(now.done) ? null : now;
  }, "the chart is there");
  check(seen.done >= before, `posts from before the page was opened: ${seen.done} of ${before}`);
  check(seen.bars > 0, "they are drawn");

  // And it goes on by itself.
  const made = await world.armed(ada, await world.episode("Counted"));
  await ada.asks("POST", `/api/v1/announcements/${made.id}/post-now?wait=10`, {});
  await eventually(async () => (await shownDone(late, "announcements")).done > seen.done, "the next post is shown without a click");
  check(late.complaints.length === 0, `a page complains: ${late.complaints.join(" | ")}`);
  await late.leaves();
}

// What does not go on by itself is said with its reason, on the queue's own page, and is gone from there when somebody has
// decided; the page knows the queue's last day.
export async function trouble(world, receiver) {
  const { ada } = world;
  const made = await world.armed(ada, await world.episode("Nobody knows"));
  await receiver.meets("accept_then_cut");
  await ada.go("/queues/announcements");
  await ada.heading("announcements").waitFor();
  const unknown = ada.page.getByRole("region", { name: "Stuck and failed" }).getByRole("listitem").filter({ hasText: "Unknown" });
  check((await unknown.count()) === 0, "nothing is unknown yet");
  await ada.asks("POST", `/api/v1/announcements/${made.id}/post-now`, {});
  await unknown.getByText(/^1 item: ./).waitFor();
  // Not before the request's own deadline.
  await eventually(async () => (await ada.asks("POST", `/api/v1/announcements/${made.id}/resolve`, { outcome: "happened" })).status === 200,
    "the person's word is taken");
  await unknown.waitFor({ state: "detached" });
  const day = ada.page.getByRole("region", { name: "Attempts that ended in the last day" });
  const hours = await day.getByRole("row").allInnerTexts();
  check(hours.length > 1 && hours.slice(1).some((row) => /[1-9]/.test(row.split("\t")[1] ?? "")), `hours with posts: ${hours.join(" | ")}`);
  check(ada.complaints.length === 0, `a page complains: ${ada.complaints.join(" | ")}`);
}
