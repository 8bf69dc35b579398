import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Checkbox, CheckboxGroup, Label } from "react-aria-components";

import { answer, api } from "../api/client";
import { everything, useMe } from "../api/queries";
import type { Token } from "../api/types";
import { useAct } from "../lib/act";
import { Button, Empty, Loaded, Section, Time } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";

type Scope = Token["scopes"][number];
const scopes: { id: Scope; text: string; operators?: boolean }[] = [
  { id: "read", text: "read: look at everything of yours" },
  { id: "announce", text: "announce: shows, episodes, announcements, connections" },
  { id: "upload", text: "upload: channels, uploads, quotas" },
  { id: "curate", text: "curate: places, businesses, domains, sitemaps, pages", operators: true },
  { id: "queues", text: "queues: pause, resume, retry, stop", operators: true },
  { id: "admin", text: "admin: all of it, people and tokens too", operators: true },
];
const tokensQuery = {
  queryKey: ["tokens"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/tokens", { params: { query } }))),
};
const DAY = 86_400;

function NewToken() {
  const me = useMe();
  const client = useQueryClient();
  const [made, setMade] = useState("");
  const [chosen, setChosen] = useState<string[]>(["read"]);
  return (
    <DialogBox title="New token" trigger={<Button kind="primary">New token</Button>} onOpenChange={(open) => open && setMade("")}>
      {(close) =>
        made ? (
          <div className="secret">
            <p>This is the token. It is shown this once:</p>
            <code>{made}</code>
            <div className="dialog-actions"><Button onPress={close}>I have it</Button></div>
          </div>
        ) : (
          <ActForm act="Make it" onCancel={close} onSubmit={async (fields, key) => {
            const token = await answer(api.POST("/api/v1/tokens", { params: { header: { "Idempotency-Key": key } },
              body: { name: fields.name!, scopes: chosen as Scope[], ...(fields.days ? { expires_in: Number(fields.days) * DAY } : {}) } }));
            setMade(token.token);
            void client.invalidateQueries({ queryKey: ["tokens"] });
          }}>
            <Field label="Name" name="name" isRequired autoFocus maxLength={100} hint="What it is for." />
            <Field label="Days until it ends (optional)" name="days" type="number" min="1" />
            <CheckboxGroup className="checks" value={chosen} onChange={setChosen}>
              <Label>What it may be used for</Label>
              {scopes.filter((one) => me.operates || !one.operators).map((one) => (
                <Checkbox key={one.id} value={one.id} className="check"><span className="box" aria-hidden />{one.text}</Checkbox>
              ))}
            </CheckboxGroup>
          </ActForm>
        )
      }
    </DialogBox>
  );
}

function TokenRow({ token }: { token: Token }) {
  const revoke = useAct((_key: string) => answer(api.DELETE("/api/v1/tokens/{id}", { params: { path: { id: String(token.id) } } })), {
    stale: ["tokens"], done: () => toast("Revoked.", { tone: "good" }),
  });
  return (
    <li>
      <span>{token.name} <span className="muted">{token.prefix}… {token.scopes.join(", ")}</span></span>
      <span className="muted">
        {token.revoked ? "revoked" : token.last_used_at ? <>used <Time at={token.last_used_at} brief /></> : "never used"}
      </span>
      {!token.revoked && (
        <Confirm title={`Revoke ${token.name}?`} act="Revoke" danger trigger={<Button small>Revoke</Button>} onConfirm={() => revoke.run()}>
          <p>What uses it is refused from now on.</p>
        </Confirm>
      )}
    </li>
  );
}

export function Tokens() {
  const tokens = useQuery(tokensQuery);
  return (
    <Section title="Tokens" actions={<NewToken />}>
      <Loaded query={tokens}>
        {(all) => all.length === 0
          ? <Empty title="No token."><p>Programs use the API with a token: it never may more than who made it.</p></Empty>
          : <ul className="rows">{all.map((one) => <TokenRow key={one.id} token={one} />)}</ul>}
      </Loaded>
    </Section>
  );
}
