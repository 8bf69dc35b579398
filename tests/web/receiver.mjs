// The webhook receiver of emulators/, from a test.
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

export class Receiver {
  constructor(url) {
    this.url = url;
  }
  async arrivals() {
    return (await (await fetch(`${this.url}/arrivals`)).json()).length;
  }
  async meets(mode, seconds = 1) {
    await fetch(`${this.url}/fault`, { method: "POST", body: JSON.stringify({ mode, times: 1, seconds }) });
  }
}
