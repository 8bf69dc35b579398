// Oneself, the people of this installation, tokens, limits and zones.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";

import { answer, api, rememberCsrf, versioned } from "../api/client";
import { sessionQuery, useMe } from "../api/queries";
import { useAct } from "../lib/act";
import { count } from "../lib/words";
import { Button, Loaded, PageHead, Section, Time } from "../ui/basics";
import { ActForm } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";
import { Invitations, People } from "./settings-people";
import { Tokens } from "./settings-tokens";

const Limits = lazy(() => import("./settings-limits"));
const Zones = lazy(() => import("./settings-zones"));

const sessionsQuery = { queryKey: ["sessions"], queryFn: () => answer(api.GET("/api/v1/me/sessions")) };

function Me() {
  const me = useMe();
  const client = useQueryClient();
  return (
    <Section title="You">
      <ActForm key={me.version} act="Save" onSubmit={async (fields) => {
        const { etag } = await versioned(api.GET("/api/v1/me"));
        await answer(api.PATCH("/api/v1/me",
          { params: { header: { "If-Match": etag } }, body: { name: fields.name!, email: fields.email! } }));
        await client.invalidateQueries({ queryKey: ["session"] });
        toast("Saved.", { tone: "good" });
      }}>
        <Field label="Name" name="name" autoComplete="name" defaultValue={me.name} isRequired maxLength={100} />
        <Field label="E-mail" name="email" type="email" autoComplete="email" defaultValue={me.email} isRequired maxLength={254} />
      </ActForm>
    </Section>
  );
}

function Password() {
  const client = useQueryClient();
  return (
    <Section title="Password">
      <ActForm act="Change the password" onSubmit={async (fields) => {
        await answer(api.PUT("/api/v1/me/password",
          { body: { current_password: fields.current_password!, new_password: fields.new_password! } }));
        // The session may be another one now, and its token against foreign pages too.
        const session = await answer(api.GET("/api/v1/session"));
        rememberCsrf(session.csrf_token);
        client.setQueryData(sessionQuery.queryKey, session);
        toast("The password is changed; other sessions have ended.", { tone: "good" });
      }}>
        <Field label="Current password" name="current_password" type="password" autoComplete="current-password" isRequired maxLength={200} />
        <Field label="New password" name="new_password" type="password" autoComplete="new-password" isRequired minLength={10}
          maxLength={200} hint="At least 10 characters." />
      </ActForm>
    </Section>
  );
}

function Sessions() {
  const sessions = useQuery(sessionsQuery);
  const endAll = useAct((_key: string) => answer(api.DELETE("/api/v1/me/sessions")), {
    stale: ["sessions"], done: (made) => toast(`${count(made.ended, "session")} ended.`, { tone: "good" }),
  });
  const end = useAct(
    (_key: string, id: number) => answer(api.DELETE("/api/v1/me/sessions/{id}", { params: { path: { id: String(id) } } })),
    { stale: ["sessions"], done: () => toast("Ended.", { tone: "good" }) },
  );
  return (
    <Section title="Where you are signed in" actions={
      <Button busy={endAll.busy} onPress={() => void endAll.run()}>End all others</Button>
    }>
      <Loaded query={sessions}>
        {({ items }) => (
          <ul className="rows">
            {items.map((one) => (
              <li key={one.id}>
                <span className="breaks">{one.agent || "Unknown browser"} <span className="muted">{one.address}</span></span>
                <span className="muted">seen <Time at={one.seen_at} brief /></span>
                {one.current ? <span>this one</span> : <Button small busy={end.busy} onPress={() => void end.run(one.id)}>End</Button>}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

export default function Settings() {
  const me = useMe();
  return (
    <>
      <PageHead title="Settings" />
      <Tabs className="tabs">
        <TabList aria-label="Parts of the settings">
          <Tab id="you">You</Tab>
          <Tab id="tokens">Tokens</Tab>
          {me.operates && <Tab id="people">People</Tab>}
          <Tab id="zones">Zones</Tab>
          <Tab id="limits">Limits</Tab>
        </TabList>
        <TabPanel id="you"><Me /><Password /><Sessions /></TabPanel>
        <TabPanel id="tokens"><Tokens /></TabPanel>
        {me.operates && <TabPanel id="people"><People /><Invitations /></TabPanel>}
        <TabPanel id="zones"><Suspense fallback="Loading…"><Zones /></Suspense></TabPanel>
        <TabPanel id="limits"><Suspense fallback="Loading…"><Limits /></Suspense></TabPanel>
      </Tabs>
    </>
  );
}
