import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api, versioned } from "../api/client";
import { everything, peopleQuery, useMe } from "../api/queries";
import type { Invitation, Person } from "../api/types";
import { useAct } from "../lib/act";
import { sentence } from "../lib/words";
import { Badge, Button, Empty, Loaded, Section, Time } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { LinkShown } from "./show-members";

type Role = Person["role"];
const roles: { id: Role; text: string }[] = [
  { id: "member", text: "Member" },
  { id: "operator", text: "Operator" },
  { id: "owner", text: "Owner" },
];
const invitationsQuery = {
  queryKey: ["invitations"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/invitations", { params: { query } }))),
};

function PersonRow({ person }: { person: Person }) {
  const me = useMe();
  const path = { id: String(person.id) };
  const change = useAct(
    async (_key: string, body: { role?: Role; disabled?: boolean }) => {
      const { etag } = await versioned(api.GET("/api/v1/users/{id}", { params: { path } }));
      return answer(api.PATCH("/api/v1/users/{id}", { params: { path, header: { "If-Match": etag } }, body }));
    },
    { stale: ["people"], done: () => toast("Changed.", { tone: "good" }) },
  );
  const remove = useAct((_key: string) => answer(api.DELETE("/api/v1/users/{id}", { params: { path } })), {
    stale: ["people", "connections", "members"], done: () => toast(`${person.name} is removed.`, { tone: "good" }),
  });
  const mayChange = person.id !== me.id && (me.owns || person.role !== "owner");
  return (
    <li>
      <span>{person.name}{person.id === me.id && " (you)"} <span className="muted breaks">{person.email}</span></span>
      {person.disabled_at && <Badge word={{ text: "May not sign in", tone: "bad" }} />}
      {mayChange ? (
        <>
          <Select inline label={`Role of ${person.name}`} value={person.role} isDisabled={change.busy}
            choices={roles.filter((one) => me.owns || one.id !== "owner")}
            onChange={(role) => role !== person.role && void change.run({ role: role as Role })} />
          <Button small busy={change.busy} onPress={() => void change.run({ disabled: !person.disabled_at })}>
            {person.disabled_at ? "Let sign in" : "Lock out"}
          </Button>
          <Confirm title={`Remove ${person.name}?`} act="Remove" danger trigger={<Button small>Remove</Button>}
            onConfirm={() => remove.run()}>
            <p>Nothing more goes out on the accounts of {person.name}, and their credentials are forgotten. This cannot be undone.</p>
          </Confirm>
        </>
      ) : (
        <span className="muted">{sentence(person.role)}</span>
      )}
    </li>
  );
}

export function People() {
  const people = useQuery(peopleQuery);
  return (
    <Section title="People">
      <Loaded query={people}>
        {(all) => <ul className="rows">{all.map((one) => <PersonRow key={one.id} person={one} />)}</ul>}
      </Loaded>
    </Section>
  );
}

function Invite() {
  const me = useMe();
  const client = useQueryClient();
  const [link, setLink] = useState("");
  const [role, setRole] = useState<Role>("member");
  return (
    <DialogBox title="Invite somebody" trigger={<Button kind="primary">Invite</Button>} onOpenChange={(open) => open && setLink("")}>
      {(close) =>
        link ? <LinkShown link={link} /> : (
          <ActForm act="Make the link" onCancel={close} onSubmit={async (fields, key) => {
            const made = await answer(api.POST("/api/v1/invitations",
              { params: { header: { "Idempotency-Key": key } }, body: { role, note: fields.note ?? "" } }));
            setLink(made.link);
            void client.invalidateQueries({ queryKey: ["invitations"] });
          }}>
            <Field label="For whom (a note for you)" name="note" maxLength={200} autoFocus />
            <Select label="As" choices={roles.filter((one) => me.owns || one.id !== "owner")} value={role}
              onChange={(next) => setRole(next as Role)} hint="Members see their own shows and accounts; operators see all." />
          </ActForm>
        )
      }
    </DialogBox>
  );
}

function InvitationRow({ one }: { one: Invitation }) {
  const revoke = useAct(
    (_key: string) => answer(api.DELETE("/api/v1/invitations/{id}", { params: { path: { id: String(one.id) } } })),
    { stale: ["invitations"], done: () => toast("Revoked: the link opens nothing.", { tone: "good" }) },
  );
  return (
    <li>
      <span>{one.note || "Without a note"} <span className="muted">as {one.show_role ? `${one.show_role} of a show` : one.role}</span></span>
      <span className="muted">{one.state === "open" ? <>until <Time at={one.expires_at} /></> : one.state}</span>
      {one.state === "open" && <Button small busy={revoke.busy} onPress={() => void revoke.run()}>Revoke</Button>}
    </li>
  );
}

export function Invitations() {
  const invitations = useQuery(invitationsQuery);
  return (
    <Section title="Invitations" actions={<Invite />}>
      <Loaded query={invitations}>
        {(all) => all.length === 0
          ? <Empty title="Nobody is invited."><p>An invitation is a link, good for one person and seven days.</p></Empty>
          : <ul className="rows">{all.map((one) => <InvitationRow key={one.id} one={one} />)}</ul>}
      </Loaded>
    </Section>
  );
}
