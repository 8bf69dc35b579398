// A language model's texts, what a post may cost, and a queue whose items failed: by the pages.
import { check, eventually } from "./browser.mjs";

// The host's style is seen where a text is asked for, kept, and told to the model; five clicks buy one text.
export async function generatedTexts(world, model) {
  const { ada } = world;
  const { page } = ada;
  const episode = await world.episode("Written by a model", { starts_at: "2037-11-27T20:00" });
  const hook = (await ada.expects(200, "GET", "/api/v1/connections")).items.find((one) => one.platform === "webhook");
  await ada.expects(201, "POST", `/api/v1/episodes/${episode}/announcements`, { connection_id: hook.id });
  await ada.go(`/shows/${world.show}`);
  await ada.button("Change your style…").click();
  await page.getByRole("dialog").getByLabel("Style").fill("dry");
  await ada.button("Save").click();
  await page.getByText("where a language model writes for you: dry").waitFor();

  await ada.go(`/episodes/${episode}`);
  const card = world.card(ada, "Ada");
  const box = page.getByRole("dialog");
  const style = box.getByLabel("Style (optional)");
  await ada.button("Generate a text…", card).click();
  await eventually(async () => (await style.inputValue()) === "dry", "the style of now is shown");
  await style.fill("dry, no emoji");
  const bought = async () => (await (await fetch(`${model}/_accepted`)).json()).length;
  const before = await bought();
  await ada.button("Generate", box).evaluate((button) => {
    for (let n = 0; n < 5; n++) button.click();
  });
  await card.locator(".preview").getByText("We are on the air!").waitFor();
  await box.waitFor({ state: "detached" });
  check((await bought()) === before + 1, "five clicks, one text");
  const log = await (await fetch(`${model}/_log`)).json();
  check(JSON.parse(JSON.parse(log.at(-1).body).messages[1].content).style === "dry, no emoji", "the model is told the style");
  await ada.button("Generate a text…", card).click();
  await eventually(async () => (await style.inputValue()) === "dry, no emoji", "the style stays");
  await style.fill("");
  await box.getByRole("button", { name: /When/ }).click();
  await page.getByRole("option", { name: "Not by itself any more" }).click();
  await ada.button("Generate", box).click();
  await ada.hears("Nothing is written by itself any more.");
  await ada.go(`/shows/${world.show}`);
  await page.getByText("where a language model writes for you: none of your own").waitFor();
  check(ada.complaints.length === 0, `a page complains: ${ada.complaints.join(" | ")}`);
}

// A post above the limit is refused and says why, on its card, on Today and in its queue; with room it is retried there.
export async function spending(world, x) {
  const { ada } = world;
  const { page } = ada;
  // What is spent is counted by the day: not across a midnight (UTC) that is near.
  const left = 86_400_000 - (Date.now() % 86_400_000);
  if (left < 120_000) await new Promise((resolve) => setTimeout(resolve, left + 1000));
  const account = await ada.expects(201, "POST", "/api/v1/connections", { name: "Ada’s X", platform: "x", secret: x.secret });
  await ada.go("/connections");
  const card = page.getByRole("listitem").filter({ has: ada.heading("Ada’s X") });
  await card.getByText("Spent today $0.00 (no limit)").waitFor();
  const limit = async (day) => {
    await ada.button("Limit spending", card).click();
    const box = page.getByRole("dialog");
    await box.getByLabel("US dollars a day").fill("a lot");
    await ada.button("Save", box).click();
    await box.getByText(/match/).waitFor();
    await box.getByLabel("US dollars a day").fill(day);
    await ada.button("Save", box).click();
    await ada.hears("The limits are in force.");
    await box.waitFor({ state: "detached" });
  };
  await limit("0.01");
  await card.getByText("(of $0.01)").waitFor();

  const episode = await world.episode("Too dear");
  const made = await ada.expects(201, "POST", `/api/v1/episodes/${episode}/announcements`, { connection_id: account.id, text: "Tonight" });
  const post = page.getByRole("listitem", { name: "Ada on Ada’s X" });
  const postNow = async () => {
    await ada.go(`/episodes/${episode}`);
    await ada.button("Post now…", post).click();
    await ada.button("Post now", page.getByRole("dialog")).click();
  };
  await postNow();
  await post.getByText("Failed", { exact: true }).waitFor();
  const why = (await ada.expects(200, "GET", `/api/v1/announcements/${made.id}`)).last_error;
  check(why.length > 0, "it says why");
  check((await (await fetch(`${x.url}/_accepted`)).json()).length === 0, "and nothing was posted");

  await ada.go("/");
  const today = page.getByRole("listitem").filter({ hasText: "Too dear" });
  await today.getByText(why).waitFor();
  await ada.go("/queues/announcements");
  const trouble = page.getByRole("region", { name: "Stuck and failed" });
  await trouble.getByText(`1 item: ${why}`).waitFor();
  await ada.go("/connections");
  await limit("1");
  await ada.go("/queues/announcements");
  await page.getByRole("button", { name: /State/ }).click();
  await page.getByRole("option", { name: "Failed" }).click();
  const item = page.getByRole("listitem").filter({ hasText: why }).filter({ has: ada.button("Retry") });
  await ada.button("Retry", item).click();
  await ada.hears("1 item retried.");
  await trouble.getByText(why).waitFor({ state: "detached" });
  // As its own switch does it: it waits for its stream again.
  check((await ada.expects(200, "GET", `/api/v1/announcements/${made.id}`)).status === "pending", "it waits for its stream");
  await postNow();
  await eventually(async () => (await (await fetch(`${x.url}/_accepted`)).json()).length === 1, "it is posted, once");
  await ada.go("/connections");
  await card.getByText("Spent today $0.015 (of $1.00)").waitFor();
  check(ada.complaints.length === 0, `a page complains: ${ada.complaints.join(" | ")}`);
}
