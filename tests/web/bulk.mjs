import { check, eventually } from "./browser.mjs";

// Places of a name, in one import for each thousand.
async function places(world, prefix, count) {
  for (let from = 0; from < count; from += 5000) {
    const items = Array.from({ length: Math.min(5000, count - from) }, (_, n) => ({ place_id: `${prefix}-${from + n}`, name: `${prefix} ${from + n}` }));
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

export async function manyRows(world) {
  const { ada } = world;
  const count = Number(process.env.FENCEPOST_ROWS ?? 5000);
  await places(world, "Row", count);
  await ada.go("/pipelines/places");
  const table = ada.page.getByRole("grid", { name: "Places" });
  await table.getByRole("row", { name: /Row/ }).first().waitFor();
  // What somebody would feel: said below, and not asserted, because it is the machine's too.
  const answers = [];
  ada.page.on("requestfinished", (request) => {
    if (request.url().includes("/curate/places?")) answers.push(Math.round(request.timing().responseEnd - request.timing().requestStart));
  });
  await ada.page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => Math.round(one.duration)))).observe({ type: "longtask" });
  });
  let seen = 0;
  for (let n = 0; n < 20; n++) {
    await table.evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
    const shown = await eventually(async () => {
      const text = await ada.page.getByText(/shown$/).innerText();
      const now = Number(text.replace(/[^0-9]/g, ""));
      return now > seen ? now : 0;
    }, "the next page of rows comes");
    seen = shown;
    if (seen >= 1000) break;
  }
  check(seen >= 1000, `scrolling brings more: ${seen}`);
  const rendered = await table.getByRole("row").count();
  check(rendered < 100, `only what is seen is in the page: ${rendered} rows of ${seen}`);
  await ada.page.getByLabel("Search").fill(`Row ${count - 1}`);
  await table.getByRole("row", { name: new RegExp(`Row ${count - 1}`) }).waitFor();
  const longTasks = await ada.page.evaluate(() => window.longTasks);
  console.log(`     ${count} rows: ${answers.length} answers, the slowest after ${Math.max(0, ...answers)} ms; ${longTasks.length} tasks of the page took more than 50 ms, the longest ${Math.max(0, ...longTasks)} ms`);
}
