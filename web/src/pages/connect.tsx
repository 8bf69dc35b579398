// Connecting an account: on the platform's own pages, or with what is typed in.
import { useState } from "react";

import { answer, api } from "../api/client";
import type { Connection } from "../api/types";
import { useAct } from "../lib/act";
import { platformName } from "../lib/words";
import { Button } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";

type Kind = {
  oauth?: boolean;
  url?: { label: string; hint: string; placeholder?: string; required?: boolean };
  secret: { label: string; hint: string; required?: boolean };
  handle?: boolean; // Bluesky: a name beside its password
};

// What each platform wants (docs/guides/platforms.md).
const kinds: Record<string, Kind> = {
  bluesky: {
    handle: true,
    url: { label: "Server (optional)", hint: "Where your account lives, if not on bsky.social.", placeholder: "https://bsky.social" },
    secret: { label: "App password", hint: "Made in Bluesky’s settings; not the password of your account.", required: true },
  },
  mastodon: {
    oauth: true,
    url: { label: "Server", hint: "Where your account lives.", placeholder: "https://mastodon.social", required: true },
    secret: { label: "Access token", hint: "Of an application with write:statuses and read." },
  },
  x: { oauth: true, secret: { label: "Access token, or the four keys as JSON", hint: "Only where X’s own pages are not used." } },
  threads: { oauth: true, secret: { label: "Long-lived token", hint: "Only where Threads’ own pages are not used." } },
  linkedin: { oauth: true, secret: { label: "Access token", hint: "Only where LinkedIn’s own pages are not used." } },
  youtube: { oauth: true, secret: { label: "Access token", hint: "Only where Google’s own pages are not used: it ends within the hour." } },
  discord: { secret: { label: "Webhook address", hint: "Whoever has it can post, so it is kept encrypted.", required: true } },
  webhook: {
    url: { label: "Address", hint: "Posts arrive there as signed JSON.", placeholder: "https://example.org/hook", required: true },
    secret: { label: "Signing secret (optional)", hint: "whsec_…; made here, and shown once, where you give none." },
  },
};
const choices = Object.keys(kinds).map((id) => ({ id, text: platformName(id) }));

function secretOf(kind: Kind, fields: Record<string, string>): string | null {
  if (kind.handle) return JSON.stringify({ identifier: fields.handle, password: fields.secret });
  return fields.secret || null;
}

function SecretFields({ kind, pasted }: { kind: Kind; pasted: boolean }) {
  if (!pasted) return null;
  return (
    <>
      {kind.handle && <Field label="Handle" name="handle" placeholder="you.bsky.social" isRequired />}
      <Field label={kind.secret.label} name="secret" type="password" autoComplete="off" hint={kind.secret.hint}
        isRequired={kind.secret.required ?? false} />
    </>
  );
}

// Leaves for the platform's pages, which send back to /api/v1/connections/callback.
function useAuthorize() {
  return useAct(
    (key: string, body: { connection_id?: number; name?: string; platform?: string; url?: string }) =>
      answer(api.POST("/api/v1/connections/authorize", { params: { header: { "Idempotency-Key": key } }, body })),
    { done: (made) => window.location.assign(made.url) },
  );
}

export function Connect({ close }: { close: () => void }) {
  const [platform, setPlatform] = useState("bluesky");
  const [pasted, setPasted] = useState(false);
  const [secret, setSecret] = useState("");
  const authorize = useAuthorize();
  const kind = kinds[platform]!;
  const byHand = !kind.oauth || pasted;
  if (secret)
    return (
      <div className="secret">
        <p>Connected. Your receiver checks signatures with this secret. It is shown this once:</p>
        <code>{secret}</code>
        <div className="dialog-actions"><Button onPress={close}>I have it</Button></div>
      </div>
    );
  return (
    <ActForm act={byHand ? "Connect" : `Go on at ${platformName(platform)}`} onCancel={close} onSubmit={async (fields, key) => {
      const url = fields.url ? { url: fields.url } : {};
      if (!byHand) {
        await authorize.run({ name: fields.name!, platform, ...url });
        return;
      }
      const given = secretOf(kind, fields);
      const made = await answer(api.POST("/api/v1/connections", { params: { header: { "Idempotency-Key": key } },
        body: { name: fields.name!, platform, ...url, ...(given ? { secret: given } : {}) } }));
      if (made.secret) setSecret(made.secret);
      else close();
      toast(`Connected${made.account_name ? ` as ${made.account_name}` : ""}.`, { tone: "good" });
    }}>
      <Select label="Platform" choices={choices} value={platform} onChange={(next) => {
        setPlatform(next);
        setPasted(false);
      }} />
      <Field key={`name ${platform}`} label="Name here" name="name" defaultValue={platformName(platform)} isRequired maxLength={100}
        hint="How you and your team call it." />
      {kind.url && <Field key={`url ${platform}`} label={kind.url.label} name="url" type="url" hint={kind.url.hint}
        placeholder={kind.url.placeholder ?? ""} isRequired={kind.url.required ?? false} />}
      <SecretFields key={platform} kind={kind} pasted={byHand} />
      {kind.oauth && (
        <p className="muted">
          {byHand ? "A token that you type in is refreshed only where the platform allows it. "
            : `${platformName(platform)} asks you on its own pages; no password of it comes here. `}
          <Button kind="quiet" small onPress={() => setPasted(!pasted)}>
            {byHand ? `Use ${platformName(platform)}’s pages instead` : "Type in a token instead"}
          </Button>
        </p>
      )}
    </ActForm>
  );
}

export function ConnectAgain({ connection }: { connection: Connection }) {
  const kind = kinds[connection.platform];
  const authorize = useAuthorize();
  if (!kind) return null;
  return (
    <DialogBox title={`Connect ${connection.name} again`} trigger={<Button small kind="primary">Connect again</Button>}>
      {(close) => (
        <ActForm act="Connect" onCancel={close} onDone={close} onSubmit={async (fields, key) => {
          const given = secretOf(kind, fields);
          await answer(api.POST("/api/v1/connections/{id}/connect", {
            params: { path: { id: String(connection.id) }, header: { "Idempotency-Key": key } },
            body: given ? { secret: given } : {},
          }));
          toast("Connected again.", { tone: "good" });
        }}>
          <p>It has to be the same account.</p>
          {kind.oauth && (
            <Button busy={authorize.busy} onPress={() => void authorize.run({ connection_id: connection.id })}>
              Go to {platformName(connection.platform)}
            </Button>
          )}
          <SecretFields kind={kind} pasted />
        </ActForm>
      )}
    </DialogBox>
  );
}
