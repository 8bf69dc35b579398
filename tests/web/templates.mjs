// Templates of what is said of a channel's videos, by the pages: made, previewed, changed by two at once, used, deleted.
import { check, eventually } from "./browser.mjs";

export async function templates(world) {
  const { ada, channel } = world;
  const { page } = ada;
  await ada.go(`/uploads?channel=${channel}`);
  await page.getByText("No template yet.").waitFor();
  await ada.button("New template…").click();
  const box = page.getByRole("dialog");
  const preview = box.getByRole("figure", { name: "Preview" });
  const title = box.getByLabel("Title", { exact: true });
  await box.getByLabel("Language (optional)").fill("en");
  await title.fill("{title} #{number} | {channel}");
  await preview.getByText(/ #12 \| Night Talk$/).waitFor();
  await title.fill(`${"x".repeat(90)} {channel}`);
  await preview.getByText("101 / 100").waitFor();
  await title.fill("{title} #{number}");
  await box.getByLabel("Tags").fill("podcast, {channel}");
  await preview.getByText("podcast, Night Talk").waitFor();
  let requests = 0;
  page.on("request", (request) => (requests += request.method() === "POST" && request.url().endsWith("/templates") ? 1 : 0));
  await ada.button("Create").evaluate((button) => {
    for (let n = 0; n < 5; n++) button.click();
  });
  await ada.hears("Saved: for what is scheduled from now on.");
  check(requests === 1, `five clicks sent ${requests} requests`);
  const mine = async () => (await ada.expects(200, "GET", `/api/v1/templates?channel_id=${channel}`)).items;
  const [made] = await mine();
  check(made.language === "en" && made.tags.join() === "podcast,{channel}", `made: ${JSON.stringify(made)}`);
  // One a language: refused where it was typed.
  await ada.button("New template…").click();
  await box.getByLabel("Language (optional)").fill("en");
  await ada.button("Create").click();
  await box.getByText(/has a template of this language/).waitFor();
  await ada.button("Cancel", box).click();

  // Somebody else saves it while it is open here: nothing is overwritten unseen.
  await ada.button("Edit the template for en").click();
  await title.fill("{title}, part {number}");
  const { etag } = await ada.asks("GET", `/api/v1/templates/${made.id}`);
  await ada.expects(200, "PATCH", `/api/v1/templates/${made.id}`, { title: "{title} by somebody else" }, { headers: { "If-Match": etag } });
  await ada.button("Save", box).click();
  await box.getByText("{title} by somebody else").waitFor();
  check((await mine())[0].title === "{title} by somebody else", "theirs stays until somebody decides");
  check((await title.inputValue()) === "{title}, part {number}", "what was typed is still there");
  await ada.button("Save over it", box).click();
  await box.waitFor({ state: "detached" });
  await page.getByRole("list", { name: "Templates" }).getByText("{title}, part {number}").waitFor();

  // It says what a video is called, and asks for the number that it needs.
  await ada.button("Schedule a video…").click();
  await box.getByRole("combobox", { name: "Video" }).fill("first");
  await page.getByRole("option", { name: /^first/ }).click();
  await box.getByRole("button", { name: /Language/ }).click();
  await page.getByRole("option", { name: "en", exact: true }).click();
  await box.getByRole("button", { name: /^Schedule for / }).click();
  await box.getByText(/give a number/).waitFor();
  await box.getByLabel("Number").fill("7");
  await box.getByText("first, part 7").waitFor();
  await box.getByRole("button", { name: /^Schedule for / }).click();
  await ada.hears(/“first, part 7” becomes public/);
  await ada.button("Undo").click();
  await ada.hears("Prevented: no video of it appears");

  await ada.button("Delete the template for en").click();
  await ada.button("Delete", page.getByRole("dialog")).click();
  await page.getByText("No template yet.").waitFor();
  await eventually(async () => (await mine()).length === 0, "it is gone");
}
