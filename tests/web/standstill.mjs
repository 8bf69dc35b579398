// What never answers holds nothing else up: a request, and a line that nobody has closed.
import { check, eventually, Line, Someone } from "./browser.mjs";

const MINUTE = 61_000; // ms: longer than a page waits for an answer
const SILENCE = 46_000; // and than it waits for a beat of its stream

// A question without an answer, as a phone has it that has just changed its network; and then an act without one.
export async function unanswered(world) {
  const { ada } = world;
  const episode = await world.episode("Nothing comes back");
  const made = await world.armed(ada, episode);
  const someone = await world.again("ada@example.org");
  await someone.page.clock.install();
  await someone.go(`/episodes/${episode}`);
  const card = world.card(someone, "Ada");
  await card.getByText("Pending", { exact: true }).waitFor();
  await someone.page.getByText("Live", { exact: true }).first().waitFor();
  let held = 0;
  await someone.page.route(`**/api/v1/episodes/${episode}`, () => { held += 1; });
  await eventually(() => held > 0, "the episode is asked for, and nothing comes");
  for (const [act, shown] of [["disable", "Disabled"], ["enable", "Pending"]]) {
    const before = held;
    await ada.expects(200, "POST", `/api/v1/announcements/${made.id}/${act}`, {});
    await card.getByText(shown, { exact: true }).waitFor();
    await eventually(() => held > before, "what has no answer is asked again");
  }
  await someone.page.unroute(`**/api/v1/episodes/${episode}`);

  const keys = [];
  await someone.page.route(`**/api/v1/announcements/${made.id}/disable`, (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    return keys.length > 1 ? route.continue() : undefined;
  });
  await card.getByText("Goes out", { exact: true }).click();
  await eventually(() => keys.length === 1, "the act is sent");
  await someone.page.clock.fastForward(MINUTE);
  await someone.hears("The server did not answer.");
  await card.getByText("Goes out", { exact: true }).click();
  await card.getByText("Disabled", { exact: true }).waitFor();
  check(keys.length === 2 && keys[0] !== undefined && keys[0] === keys[1], `the same act under the same key: ${keys.join(", ")}`);
  check(someone.complaints.length === 0, `a page complains: ${someone.complaints.join(" | ")}`);
  await someone.leaves();
}

// Nothing comes any more, and nobody says so: the browser believes its stream open for as long as the page lets it.
export async function silence(world) {
  const { ada } = world;
  const line = await Line.to(world.url);
  const episode = await world.episode("Nobody says so");
  const made = await world.armed(ada, episode);
  const someone = await (await Someone.arrives(world.browser, line.url)).signsIn("ada@example.org");
  await someone.page.clock.install();
  await someone.go(`/episodes/${episode}`);
  const card = world.card(someone, "Ada");
  await card.getByText("Pending", { exact: true }).waitFor();
  await someone.page.getByText("Live", { exact: true }).first().waitFor();
  const change = (act) => ada.expects(200, "POST", `/api/v1/announcements/${made.id}/${act}`, {});
  await change("disable");
  await card.getByText("Disabled", { exact: true }).waitFor();
  check(line.swallow("/api/v1/events") > 0, "there is a stream");
  await change("enable");
  await someone.page.clock.fastForward(SILENCE / 2);
  check((await card.getByText("Disabled", { exact: true }).count()) === 1, "the page cannot know it");
  const again = someone.page.waitForRequest(/\/api\/v1\/events\?after=\d+$/);
  await someone.page.clock.fastForward(SILENCE / 2);
  await again;
  await card.getByText("Pending", { exact: true }).waitFor();
  await someone.page.getByText("Live", { exact: true }).first().waitFor();
  await change("disable");
  await card.getByText("Disabled", { exact: true }).waitFor();
  check(someone.complaints.length === 0, `a page complains: ${someone.complaints.join(" | ")}`);
  await someone.leaves();
  line.close();
}
