// What the stories happen in: an owner, a show with an admin and a host, and their webhooks.
import { check, PASSWORD, Someone } from "./browser.mjs";
import { SECRET } from "./receiver.mjs";

export class World {
  constructor(browser, url, receiver) {
    Object.assign(this, { browser, url, receiver });
  }

  // Through the pages, as the first person of an installation does it.
  async firstRun(code) {
    const ada = await Someone.arrives(this.browser, this.url);
    await ada.joins(code, "Ada");
    const { page } = ada;
    await page.getByRole("link", { name: "Create a show" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Night Talk");
    await ada.button("Create").click();
    await ada.heading("Night Talk").waitFor();
    this.show = Number(new URL(page.url()).pathname.split("/").pop());
    check((await page.getByRole("tab").count()) === 3, "an owner is offered a show's settings");

    // Today goes on from here: the next step is the account.
    await page.getByRole("link", { name: "Today" }).click();
    await page.getByRole("link", { name: "Connect an account" }).click();
    await this.connects(ada, "Ada’s hook");
    await this.takesPart(ada);
    this.ada = ada;
    return ada;
  }

  // On the page of connections, with its dialog open.
  async connects(someone, name) {
    const { page } = someone;
    await page.getByRole("dialog").getByRole("button", { name: /Platform/ }).click();
    await page.getByRole("option", { name: "Webhook" }).click();
    await page.getByLabel("Name here").fill(name);
    await page.getByLabel("Address").fill(this.receiver.url + "/hook");
    await page.getByLabel("Signing secret").fill(SECRET);
    await someone.button("Connect", page.getByRole("dialog")).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();
  }

  // Who makes a show is no host of it: an invitation makes one.
  async takesPart(owner) {
    const made = await owner.expects(201, "POST", "/api/v1/invitations", { show_id: this.show, show_role: "admin", note: "me" });
    await owner.go(`/welcome#code=${made.code}`);
    await owner.page.getByRole("button", { name: "Join as Ada" }).click();
    await owner.hears("You have joined.");
  }

  async invites(name, role) {
    const made = await this.ada.expects(201, "POST", "/api/v1/invitations", { show_id: this.show, show_role: role, note: name });
    const someone = await Someone.arrives(this.browser, this.url);
    await someone.joins(made.code, name);
    await someone.expects(201, "POST", "/api/v1/connections",
      { name: `${name}’s hook`, platform: "webhook", url: this.receiver.url + "/hook", secret: SECRET });
    return someone;
  }

  async episode(title, body = {}) {
    const made = await this.ada.expects(201, "POST", `/api/v1/shows/${this.show}/episodes`, { title, status: "draft", ...body });
    return made.id;
  }

  async armed(someone, episode, body = {}) {
    const connections = await someone.expects(200, "GET", "/api/v1/connections");
    const me = await someone.expects(200, "GET", "/api/v1/me");
    const mine = connections.items.find((one) => one.person_id === me.person.id);
    return someone.expects(201, "POST", `/api/v1/episodes/${episode}/announcements`, { connection_id: mine.id, text: "Tonight: {title}", ...body });
  }

  card(someone, name) {
    return someone.page.getByRole("listitem", { name: `${name} on ${name}’s hook` });
  }

  async again(email) {
    return (await Someone.arrives(this.browser, this.url)).signsIn(email);
  }
}
export { PASSWORD };
