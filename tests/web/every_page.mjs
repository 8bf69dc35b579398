// Every page, light and dark and on a phone: what axe finds, what sticks out, what the policy blocked, how big it is.
import { mkdirSync } from "node:fs";

import { axeSource, check, Someone } from "./browser.mjs";

const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 } },
};
const FIRST_PAGE = 250 * 1000; // bytes of JavaScript, packed

async function settled(someone, path) {
  await someone.go(path);
  await someone.page.getByRole("heading", { level: 1 }).waitFor();
  await someone.page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
}

// What axe-core finds; it is in the page since before the page's own scripts.
async function violations(page) {
  return page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`));
}

async function pagesOf(world) {
  const { ada } = world;
  const episodes = (await ada.expects(200, "GET", `/api/v1/shows/${world.show}/episodes`)).items;
  return [
    ["today", "/"], ["shows", "/shows"], ["show", `/shows/${world.show}`],
    ...episodes.slice(0, 4).map((one, n) => [`episode-${n + 1}`, `/episodes/${one.id}`]),
    ["uploads-empty", "/uploads"], ["connections", "/connections"], ["pipelines", "/pipelines/places"], ["contacts", "/pipelines/contacts"],
    ["queue", "/queues/announcements"], ["activity", "/activity"],
    ["settings", "/settings"], ["no-such-page", "/settings#nothing"],
  ];
}

// Dialogs and tabs are pages too.
const OPEN = {
  show: [["tab", "Members"], ["tab", "Settings"]],
  settings: [["tab", "Tokens"], ["tab", "People"], ["tab", "Zones"], ["tab", "Limits"]],
  connections: [["button", "Connect an account"]],
  shows: [["button", "New show"]],
};

export async function everyPage(world, shots) {
  await looksRight(world, shots, await pagesOf(world), OPEN);
  await firstPage(world, await world.ada.context.storageState());
}

// axe, 360 px and the policy on these pages ([name, path]), and on what their buttons and tabs open.
export async function looksRight(world, shots, pages, opens) {
  const found = [];
  const state = await world.ada.context.storageState();
  for (const [look, options] of Object.entries(LOOKS)) {
    const someone = await Someone.arrives(world.browser, world.url, { ...options, storageState: state, bypassCSP: false });
    await someone.context.addInitScript({ path: axeSource });
    const look_at = async (name) => {
      const { page } = someone;
      for (const one of await violations(page)) found.push(`${name} (${look}): ${one}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${name} (${look}): ${wide} px too wide`);
      if (shots) {
        mkdirSync(shots, { recursive: true });
        // A dialog covers what is seen, not the page's whole length.
        const whole = look !== "phone" && (await page.getByRole("dialog").count()) === 0;
        await page.screenshot({ path: `${shots}/${name}-${look}.png`, fullPage: whole });
      }
    };
    for (const [name, path] of pages) {
      await settled(someone, path);
      await look_at(name);
      for (const [role, label] of opens[name] ?? []) {
        await someone.page.getByRole(role, { name: label, exact: true }).click();
        await someone.page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
        await look_at(`${name}-${label.toLowerCase().replaceAll(" ", "-")}`);
      }
    }
    found.push(...someone.complaints.map((one) => `${look}: ${one}`));
    await someone.leaves();
    const stranger = await Someone.arrives(world.browser, world.url, options);
    await stranger.context.addInitScript({ path: axeSource });
    for (const path of ["/signin", "/welcome#code=fpi_x"]) {
      await settled(stranger, path);
      for (const one of await violations(stranger.page)) found.push(`${path} (${look}): ${one}`);
    }
    await stranger.leaves();
  }
  check(found.length === 0, `\n  ${[...new Set(found)].join("\n  ")}`);
}

async function firstPage(world, state) {
  const someone = await Someone.arrives(world.browser, world.url, { storageState: state });
  const scripts = [];
  someone.page.on("response", (response) => {
    if (response.url().endsWith(".js")) scripts.push(response);
  });
  const begun = Date.now();
  await settled(someone, "/");
  const took = Date.now() - begun;
  let bytes = 0;
  for (const one of scripts) {
    const headers = await one.allHeaders();
    check(headers["content-encoding"] === "gzip" && headers["cache-control"].includes("immutable"), `${one.url()}: ${JSON.stringify(headers)}`);
    bytes += (await one.request().sizes()).responseBodySize;
  }
  check(scripts.length > 0 && bytes <= FIRST_PAGE, `the first page has ${bytes} bytes of JavaScript`);
  console.log(`     first page: ${Math.round(bytes / 1000)} kB of JavaScript in ${scripts.length} files, there after ${took} ms`);
  await someone.leaves();
}
