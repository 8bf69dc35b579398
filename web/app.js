// What the first pages need, and nothing from elsewhere.
"use strict";

const byId = (id) => document.getElementById(id);

// Sends a form as JSON. The answer's own words say what is wrong; they are shown as text, never as HTML.
async function send(form, path, extra) {
  const problem = byId("problem");
  const button = form.querySelector("button");
  problem.textContent = "";
  button.disabled = true;
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      credentials: "same-origin",
      body: JSON.stringify({ ...Object.fromEntries(new FormData(form)), ...extra }),
    });
    if (answer.ok) {
      form.hidden = true;
      byId("done").hidden = false;
      byId("done").focus();
      return;
    }
    const refused = await answer.json().catch(() => ({}));
    const fields = (refused.errors || []).map((error) => `${error.field}: ${error.detail}`);
    problem.textContent = [refused.detail || `The server refused this (${answer.status}).`, ...fields].join(" ");
  } catch {
    problem.textContent = "The server cannot be reached. Try again in a moment.";
  } finally {
    button.disabled = false;
  }
}

function onSubmit(id, path, extra) {
  const form = byId(id);
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, path, extra());
  });
}

onSubmit("signin", "/api/v1/session", () => ({}));

// The code stands behind '#', so that no server and no log on the way ever sees it; nor does the history keep it.
const code = new URLSearchParams(location.hash.slice(1)).get("code") || "";
const invited = code.startsWith("fpi_");
if (byId("welcome")) {
  if (location.hash) history.replaceState(null, "", location.pathname);
  if (!code) byId("problem").textContent = "Open the whole link that you were given: it ends with #code=…";
  if (invited) byId("who").textContent = "You were invited: say who you are.";
}
onSubmit("welcome", invited ? "/api/v1/invitations/accept" : "/api/v1/session/first-run", () => ({ code }));

const status = byId("status");
if (status)
  fetch("/readyz").then(
    (answer) => { status.textContent = answer.ok ? "running and ready" : "running, but its database is not ready"; },
    () => { status.textContent = "not reachable"; });
