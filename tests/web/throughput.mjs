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
