// What a newcomer sees of scripts/run --demo: posts go out, and the screen shows it by itself. The README's pictures are these.
import { mkdirSync } from "node:fs";

import { check, eventually, launch, runAll, Someone } from "./browser.mjs";

const { url } = JSON.parse(process.env.FENCEPOST_WORLD);
const shots = process.env.FENCEPOST_SHOTS;
const browser = await launch();

async function enters(options) {
  const someone = await Someone.arrives(browser, url, options);
  await someone.go("/");
  await someone.page.getByLabel("E-mail").fill("ada@example.org");
  await someone.page.getByLabel("Password").fill("a show of hands");
  await someone.button("Sign in").click();
  await someone.heading("Today").waitFor();
  return someone;
}

async function picture(someone, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await someone.page.screenshot({ path: `${shots}/${name}.png` });
}

// On Today; a film of it goes out, too.
const episode = (someone) => someone.page.locator('a[href^="/episodes/"]', { hasText: "Why we wait" }).first();

async function goesLive() {
  const ada = await enters({ viewport: { width: 1280, height: 800 } });
  await episode(ada).click();
  await ada.page.getByRole("listitem", { name: "Ann on Ann on Bluesky" }).getByText("Come and listen: Why we wait").waitFor();
  await picture(ada, "episode");
  await eventually(async () => (await ada.page.getByText("Posted", { exact: true }).count()) === 4, "all four are posted, and the page says so");
  await picture(ada, "episode-posted");
  const night = await enters({ viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
  await episode(night).waitFor();
  await picture(night, "today-dark");
  const phone = await enters({ viewport: { width: 390, height: 800 } });
  await phone.go("/episodes/2");
  await phone.page.getByText("Trains at night").first().waitFor();
  await picture(phone, "episode-phone");
  for (const one of [ada, night, phone]) check(one.complaints.length === 0, one.complaints.join(" | "));
}

async function contactsAreFound() {
  const ada = await enters({ viewport: { width: 1280, height: 800 } });
  await ada.go("/pipelines/contacts");
  await ada.page.getByRole("row", { name: /info@/ }).first().waitFor();
  await ada.go("/pipelines/pages");
  await ada.page.getByRole("row", { name: /contact/ }).first().waitFor();
  await picture(ada, "pipelines");
  check(ada.complaints.length === 0, ada.complaints.join(" | "));
}

async function videosAreInSlots() {
  const ada = await enters({ viewport: { width: 1280, height: 900 } });
  await ada.page.getByRole("link", { name: "Uploads" }).click();
  const way = ada.page.getByRole("list", { name: "On the way to YouTube" });
  const bar = way.getByRole("listitem", { name: /Why we wait/ }).getByRole("progressbar");
  await eventually(async () => Number(await bar.getAttribute("aria-valuenow")) > 0, "an upload is seen on its way");
  await ada.page.getByRole("button", { name: "Month", exact: true }).click();
  // In the slots of the next days, which may be those of the next month.
  const titles = ["Waiting rooms", "The last train", "A night at the station", "Patience, a history"].map((title) => `${title} | Night Talk`);
  const films = (await ada.expects(200, "GET", "/api/v1/uploads")).items.filter((one) => titles.includes(one.title));
  check(films.length === titles.length, `the films are in their slots: ${JSON.stringify(films)}`);
  const monthOf = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
  for (const one of films.sort((a, b) => a.publish_day.localeCompare(b.publish_day))) {
    const wanted = monthOf.format(new Date(one.publish_day));
    const shown = await ada.page.getByRole("list", { name: /^\w+ 20\d\d$/ }).getAttribute("aria-label");
    if (shown !== wanted) await ada.button("Next month").click();
    await ada.page.getByRole("list", { name: wanted, exact: true }).getByRole("button", { name: new RegExp(`${one.title.replace("|", "\\|")} `) }).waitFor();
  }
  await picture(ada, "uploads");
  check(ada.complaints.length === 0, ada.complaints.join(" | "));
}

const failed = await runAll([["videos are in their slots", videosAreInSlots], ["a show goes live", goesLive], ["the pipelines find addresses", contactsAreFound]]);
await browser.close();
process.exit(failed > 0 ? 1 : 0);
