import { check, eventually } from "./browser.mjs";

// An import is put in by the order of its place ids.
const numbered = (prefix, n) => `${prefix} ${String(n).padStart(6, "0")}`;
async function places(world, prefix, count) {
  for (let from = 0; from < count; from += 5000) {
    const items = Array.from({ length: Math.min(5000, count - from) }, (_, n) => ({ place_id: numbered(prefix, from + n), name: numbered(prefix, from + n) }));
    await world.ada.expects(200, "POST", "/api/v1/curate/places/import/json", items);
  }
}

export async function bulkSelection(world) {
  const { ada } = world;
  await places(world, "Bar", 1000);
  await places(world, "Cafe", 50);
  await ada.go("/pipelines/places");
  await ada.page.getByLabel("Search").fill("Bar");
  const table = ada.page.getByRole("grid", { name: "Places" });
  await table.getByRole("row", { name: /Bar/ }).first().waitFor();
  await eventually(async () => (await table.getByRole("row", { name: /Cafe/ }).count()) === 0, "the filter holds");
  await table.getByRole("columnheader").first().getByRole("checkbox").check({ force: true });
  await ada.page.getByText("1,000 records chosen").waitFor();
  await ada.page.getByRole("button", { name: /Set to/ }).click();
  await ada.page.getByRole("option", { name: "Maybe" }).click();
  await ada.button("Set").click();
  await ada.button("Set to Maybe").click();
  await ada.hears("1,000 records set to Maybe");
  const left = await ada.expects(200, "GET", "/api/v1/curate/places?curation_status=Maybe&limit=1");
  check(left.items.length === 1, "some are Maybe");
  const others = await ada.expects(200, "GET", "/api/v1/curate/places?curation_status=New&search=Bar&limit=1");
  check(others.items.length === 0, "all of them are");
  const cafes = await ada.expects(200, "GET", "/api/v1/curate/places?curation_status=New&search=Cafe&limit=200");
  check(cafes.items.length === 50, `what did not match is as it was: ${cafes.items.length}`);
}

// The work of these queues tells of nothing: what is seen follows all the same, in its place.
export async function followsUntold(world) {
  const { ada } = world;
  await places(world, "Step", 300);
  const name = numbered("Step", 149);
  const [place] = (await ada.expects(200, "GET", `/api/v1/curate/places?${new URLSearchParams({ search: name, limit: 1 })}`)).items;
  const someone = await world.again("ada@example.org");
  const { page } = someone;
  await page.clock.install();
  await page.route(/\/api\/v1\/events(\?|$)/, (route) => route.abort());
  await someone.go("/pipelines/places");
  const table = page.getByRole("grid", { name: "Places" });
  await table.getByRole("row", { name: numbered("Step", 299) }).waitFor();
  await table.evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
  await page.getByText(/^200 records so far/).waitFor();
  const at = 145 * ROW; // of the second page
  await table.evaluate((grid, y) => grid.scrollTo(0, y), at);
  const row = table.getByRole("row", { name });
  await row.getByRole("checkbox").evaluate((box) => box.click()); // this very one, wherever the list is just moving it
  await page.getByText("1 record chosen").waitFor();
  await ada.expects(200, "POST", "/api/v1/curate/places/select", { ids: [String(place.id)], set: "Archived", preview: false },
    { headers: { "Idempotency-Key": "untold" } });
  check((await row.getByText("Archived").count()) === 0, "nobody has told it");
  await page.clock.fastForward(31_000);
  await row.getByText("Archived").waitFor();
  check((await table.evaluate((grid) => grid.scrollTop)) === at, "it stays where it was scrolled to");
  check(await row.getByRole("checkbox").isChecked(), "what was chosen is chosen");
  check(someone.complaints.length === 0, `a page complains: ${someone.complaints.join(" | ")}`);
  await someone.leaves();
}

const ROW = 44; // px, as web/src/pages/records-window.ts has it
const PAGE = 100;

// All of a long list is scrolled through, by hand and by jumps, and only a small part of it is ever in the page. How long
// that takes is said below, and not asserted, because it is the machine's too.
export async function manyRows(world) {
  const { ada } = world;
  const { page } = ada;
  const count = Number(process.env.FENCEPOST_ROWS ?? 5000);
  await places(world, "Row", count);
  const asked = [];
  page.on("requestfinished", async (request) => {
    if (!request.url().includes("/curate/places?")) return;
    const { requestStart, responseEnd } = request.timing();
    asked.push({ query: new URL(request.url()).searchParams, took: Math.round(responseEnd - requestStart) });
  });
  await ada.go("/pipelines/places");
  const table = page.getByRole("grid", { name: "Places" });
  const nameAt = (at) => numbered("Row", count - 1 - at); // the newest is the first
  const top = (at) => table.getByRole("row", { name: nameAt(at), exact: true });
  await top(0).waitFor();
  // What the page itself works for each page of rows, by the clock of its own thread: others on the machine do not count.
  const browser = await page.context().newCDPSession(page);
  await browser.send("Performance.enable", { timeDomain: "threadTicks" });
  const worked = async () => (await browser.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
  const work = [];
  await top(1).getByRole("checkbox").check({ force: true });
  await page.getByText("1 record chosen").waitFor();

  const told = page.getByText(/^[0-9,]+ records?( so far|\.)/);
  const isBounded = async (where) => {
    const rendered = await table.getByRole("row").count();
    check(rendered < 100, `only what is seen is in the page: ${rendered} rows ${where}`);
  };
  for (let seen = 0, ended = false; !ended; await isBounded(`after ${seen}`)) {
    const before = await worked();
    await table.evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
    [seen, ended] = await eventually(async () => {
      const text = await told.innerText();
      const now = Number(text.replace(/[^0-9]/g, ""));
      return now > seen || !text.includes("so far") ? [now, !text.includes("so far")] : null;
    }, `the page behind ${seen} comes`);
    work.push(Math.round((await worked()) - before));
  }
  const total = Number((await told.innerText()).replace(/[^0-9]/g, ""));
  check(total >= count, `all of it was scrolled through: ${total} of ${count}`);
  const pages = Math.ceil(total / PAGE);
  check(asked.length <= pages + 10, `each page is asked for once: ${asked.length} requests for ${pages} pages`);
  check(asked.every(({ query }) => Number(query.get("limit")) === PAGE), "and is of a bounded size");

  // A jump shows the rows that stand there, in as many requests as are seen; what was chosen is chosen.
  for (const at of [Math.floor(count / 2), 0]) {
    const before = asked.length;
    await table.evaluate((grid, y) => grid.scrollTo(0, y), at * ROW);
    await top(at + 3).waitFor();
    await isBounded(`after a jump to ${at}`);
    // What is seen is asked for again at intervals, and so perhaps during the jump.
    const pagesOf = new Set(asked.slice(before).map(({ query }) => query.get("cursor"))).size;
    check(pagesOf <= 3, `a jump asks for what is seen: ${pagesOf} pages`);
  }
  check(await top(1).getByRole("checkbox").isChecked(), "a row that was far away is still chosen");

  // By keyboard over the end of a page; then by the wheel, which takes nobody back to the row that has the focus.
  await ada.button("Clear").focus();
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement?.closest('[role="row"]')?.textContent ?? "");
  for (let n = 1; n < PAGE + 20; n++) {
    await page.keyboard.press("ArrowDown");
    await eventually(async () => (await focused()).includes(nameAt(n)), `ArrowDown comes to row ${n}`);
  }
  const far = (count - 200) * ROW;
  await table.evaluate((grid, y) => grid.scrollTo(0, y), far);
  await top(count - 197).waitFor();
  await eventually(async () => (await table.evaluate((grid) => grid.scrollTop)) === far, "it stays where it was scrolled to");

  const before = asked.length;
  await page.getByLabel("Search").fill(nameAt(0));
  await top(0).waitFor();
  await eventually(async () => (await table.getByRole("row").count()) === 2, "the filter holds");
  // Without those that the scrolling before still asked for.
  const searched = asked.slice(before).map(({ query }) => query.get("search")).filter((text) => text !== null);
  check(searched.length > 0 && searched.every((text) => text === nameAt(0)), `the server filters: ${searched.join(", ")}`);
  check(searched.length <= 2, `and is asked once for a word: ${searched.length} requests`);
  const inOrder = (all) => all.toSorted((a, b) => a - b);
  const said = (all) => `${inOrder(all)[Math.floor(all.length / 2)]} ms (median), ${Math.max(...all)} ms (most)`;
  const half = Math.floor(work.length / 2);
  console.log(`     ${total} rows: an answer after ${said(asked.map((one) => one.took))}; work of the page for ${PAGE} rows: first half ${said(work.slice(0, half))}, second half ${said(work.slice(half))}`);
}
