// Images of an announcement, by the pages: chosen, dropped, pasted, described, ordered, removed, and posted.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

import { check, dropsFiles, eventually } from "./browser.mjs";

// A PNG of one gray (W3C PNG, section 5).
function png(shade, width = 32, height = 18) {
  const chunk = (name, data) => {
    const named = Buffer.concat([Buffer.from(name), data]);
    const size = Buffer.alloc(4), sum = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([size, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const rows = Buffer.concat(Array.from({ length: height }, () => Buffer.concat([Buffer.of(0), Buffer.alloc(width, shade)])));
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}
const file = (name, shade) => ({ name, mimeType: "image/png", buffer: png(shade) });

async function drops(page, card, one) {
  const folder = mkdtempSync(join(tmpdir(), "fencepost-drop-"));
  writeFileSync(join(folder, one.name), one.buffer);
  await dropsFiles(page, card.locator(".drop"), [join(folder, one.name)]);
  return () => rmSync(folder, { recursive: true });
}

const pastes = (card, one) =>
  card.locator(".drop").evaluate((zone, [name, bytes]) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    zone.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData }));
  }, [one.name, [...one.buffer]]);

export async function images(world, discord) {
  const { ada } = world;
  const { page } = ada;
  const account = await ada.expects(201, "POST", "/api/v1/connections", { name: "Ada’s Discord", platform: "discord", secret: discord.secret });
  const episode = await world.episode("With images");
  const made = await ada.expects(201, "POST", `/api/v1/episodes/${episode}/announcements`, { connection_id: account.id, text: "Look: {title}" });
  const alts = async () => (await ada.expects(200, "GET", `/api/v1/announcements/${made.id}`)).images.map((one) => one.alt);
  await ada.go(`/episodes/${episode}`);
  const card = page.getByRole("listitem", { name: "Ada on Ada’s Discord" });
  await card.getByText(/Discord takes up to 10/).waitFor();

  const dialog = page.getByRole("dialog");
  const describe = async (alt) => {
    await dialog.getByLabel("What it shows").fill(alt);
    await dialog.getByText(`${alt.length} / 1000`).waitFor();
    await ada.button("Add", dialog).click();
    await card.getByRole("list", { name: "Images that go with it" }).getByRole("img", { name: alt }).waitFor();
  };
  // Two at once by the button, one after the other described; a description is no choice.
  const chooser = page.waitForEvent("filechooser");
  await ada.button("Add images", card).click();
  await (await chooser).setFiles([file("one.png", 0), file("two.png", 80)]);
  await dialog.getByText(/one\.png/).waitFor();
  check(await ada.button("Add", dialog).isDisabled(), "none is added without a description");
  await describe("Black");
  await dialog.getByText(/two\.png/).waitFor();
  await describe("Gray");
  const dropped = await drops(page, card, file("three.png", 160));
  await describe("Silver");
  dropped();
  await pastes(card, file("four.png", 255));
  await describe("White");
  check((await alts()).join() === "Black,Gray,Silver,White", `added: ${await alts()}`);

  await ada.button("Move image 4 forward", card).click();
  await eventually(async () => (await alts()).join() === "Black,Gray,White,Silver", "an image is moved");
  await card.getByRole("listitem", { name: "image 3" }).getByRole("img", { name: "White" }).waitFor();
  await ada.button("Describe image 1", card).click();
  await dialog.getByLabel("What it shows").fill("As black as night");
  await ada.button("Save", dialog).click();
  await card.getByRole("list", { name: "Images that go with it" }).getByRole("img", { name: "As black as night" }).waitFor();
  await ada.button("Remove image 2", card).click();
  await eventually(async () => (await alts()).join() === "As black as night,White,Silver", "an image is taken away");

  // What is none is said at once by the page, and what only looks like one by the server.
  const second = page.waitForEvent("filechooser");
  await ada.button("Add images", card).click();
  await (await second).setFiles([{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no image") },
    { name: "broken.png", mimeType: "image/png", buffer: png(9).subarray(0, 20) }]);
  await ada.hears(/notes\.txt: Discord takes/);
  await dialog.getByLabel("What it shows").fill("Nothing");
  await ada.button("Add", dialog).click();
  await dialog.getByText(/damaged/).waitFor();
  await ada.button("Cancel", dialog).click();

  // The preview shows them as they are served: nothing of it is blocked.
  const shown = card.locator(".preview img");
  await eventually(async () => (await shown.count()) === 3, "the preview has them");
  await eventually(() => shown.evaluateAll((all) => all.every((one) => one.complete && one.naturalWidth === 32)), "they are drawn");
  await ada.button("Post now…", card).click();
  await ada.button("Post now", dialog).click();
  await card.getByText("Posted", { exact: true }).waitFor();
  const accepted = await (await fetch(`${discord.url}/_accepted`)).json();
  const post = accepted.find((one) => one.files?.length === 3);
  check(post?.files.map((one) => one.alt).join() === "As black as night,White,Silver", `what went out: ${JSON.stringify(post?.files)}`);
  check(ada.complaints.length === 0, `a page complains: ${ada.complaints.join(" | ")}`);
}
