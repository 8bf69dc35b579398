import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { membersQuery, useMe } from "../api/queries";
import type { Member, Show } from "../api/types";
import { useAct } from "../lib/act";
import { Button, Empty, Loaded, Section } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { sayStopped } from "./show";

const roles = [
  { id: "host", text: "Host" },
  { id: "admin", text: "Admin" },
];

// A link that is shown this once; whoever opens it joins.
export function LinkShown({ link }: { link: string }) {
  return (
    <div className="secret">
      <p>Give this link to the one you invite. It is shown this once, and is good for one person and seven days.</p>
      <code>{link}</code>
      <Button small onPress={() => void navigator.clipboard?.writeText(link).then(() => toast("Copied."))}>Copy</Button>
    </div>
  );
}

function Invite({ show }: { show: Show }) {
  const client = useQueryClient();
  const [link, setLink] = useState("");
  const [role, setRole] = useState("host");
  return (
    <DialogBox title={`Invite to ${show.name}`} trigger={<Button kind="primary">Invite</Button>}
      onOpenChange={(open) => open && setLink("")}>
      {(close) =>
        link ? (
          <LinkShown link={link} />
        ) : (
          <ActForm act="Make the link" onCancel={close} onSubmit={async (fields, key) => {
            const made = await answer(api.POST("/api/v1/invitations", { params: { header: { "Idempotency-Key": key } },
              body: { show_id: show.id, show_role: role as "host" | "admin", note: fields.note ?? "" } }));
            setLink(made.link);
            void client.invalidateQueries({ queryKey: ["invitations"] });
          }}>
            <Field label="For whom (a note for you)" name="note" maxLength={200} autoFocus />
            <Select label="As" choices={roles} value={role} onChange={setRole} />
          </ActForm>
        )
      }
    </DialogBox>
  );
}

function MemberRow({ show, member, admin }: { show: Show; member: Member; admin: boolean }) {
  const me = useMe();
  const path = { id: String(show.id), person: String(member.person_id) };
  const change = useAct(
    (_key: string, role: "host" | "admin") =>
      answer(api.PUT("/api/v1/shows/{id}/members/{person}", { params: { path }, body: { role } })),
    { stale: ["members"], done: () => toast("Changed.", { tone: "good" }) },
  );
  const remove = useAct(
    (_key: string) => answer(api.DELETE("/api/v1/shows/{id}/members/{person}", { params: { path } })),
    { stale: ["members", "announcements", "shows"], done: (stopped) => sayStopped(stopped, `${member.name} is out of the show.`) },
  );
  const who = member.person_id === me.id ? `${member.name} (you)` : member.name;
  return (
    <li>
      <span>
        {who} <span className="muted">{member.email}{member.disabled ? ", may not sign in" : ""}</span>
      </span>
      {admin ? (
        <>
          <Select inline label={`Role of ${member.name}`} choices={roles} value={member.role} isDisabled={change.busy}
            onChange={(role) => role !== member.role && void change.run(role as "host" | "admin")} />
          <Confirm title={`Take ${member.name} out?`} act="Take out" danger trigger={<Button small>Take out</Button>}
            onConfirm={() => remove.run()}>
            <p>What is announced by {member.name} in this show is disabled. It is never posted for former members.</p>
          </Confirm>
        </>
      ) : (
        <span className="muted">{member.role === "admin" ? "Admin" : "Host"}</span>
      )}
    </li>
  );
}

export function Members({ show, admin }: { show: Show; admin: boolean }) {
  const members = useQuery(membersQuery(show.id));
  return (
    <Section title="Members" actions={admin ? <Invite show={show} /> : undefined}>
      <Loaded query={members}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="Nobody is in this show yet."><p>Whoever you invite connects their own accounts.</p></Empty>
          ) : (
            <ul className="rows">
              {all.map((member) => (
                <MemberRow key={member.person_id} show={show} member={member} admin={admin} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
