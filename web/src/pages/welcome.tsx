// Where the link of the first start, or an invitation, leads to.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";

import { answer, api, rememberCsrf } from "../api/client";
import { sessionQuery } from "../api/queries";
import { useAct } from "../lib/act";
import { Button, Empty } from "../ui/basics";
import { ActForm } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";

// The code stands behind '#', so that no server and no log on the way ever sees it; nor does the history keep it.
function takeCode(): string {
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code") ?? "";
  if (window.location.hash) window.history.replaceState(null, "", window.location.pathname);
  return code;
}
const taken = takeCode();

export default function Welcome() {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const [, navigate] = useLocation();
  const [code] = useState(() => taken || takeCode());
  const invited = code.startsWith("fpi_");
  useEffect(() => {
    document.title = "Welcome – Fencepost";
  }, []);
  const join = useAct((key: string) =>
    answer(api.POST("/api/v1/invitations/join", { body: { code }, params: { header: { "Idempotency-Key": key } } })), {
    stale: ["shows", "session"],
    done: () => {
      toast("You have joined.", { tone: "good" });
      navigate("/");
    },
  });
  if (!code)
    return (
      <main className="door">
        <h1>Welcome</h1>
        <Empty title="Open the whole link that you were given: it ends with #code=…" />
      </main>
    );
  if (invited && session.data)
    return (
      <main className="door">
        <h1>Welcome</h1>
        <p>You were invited, and are signed in as {session.data.person.name}.</p>
        <Button kind="primary" busy={join.busy} onPress={() => void join.run()}>
          Join as {session.data.person.name}
        </Button>
      </main>
    );
  return (
    <main className="door">
      <h1>Welcome</h1>
      <p>{invited ? "You were invited: say who you are." : "You are the first here: you will own this installation."}</p>
      <ActForm
        act="Begin"
        onSubmit={async (fields) => {
          const body = { code, name: fields.name ?? "", email: fields.email ?? "", password: fields.password ?? "" };
          const made = await answer(invited ? api.POST("/api/v1/invitations/accept", { body })
            : api.POST("/api/v1/session/first-run", { body }));
          rememberCsrf(made.csrf_token);
          client.setQueryData(sessionQuery.queryKey, made);
          navigate("/");
        }}
      >
        <Field label="Your name" name="name" autoComplete="name" isRequired autoFocus maxLength={100} />
        <Field label="E-mail" name="email" type="email" autoComplete="username" isRequired maxLength={254} />
        <Field label="Password" name="password" type="password" autoComplete="new-password" isRequired minLength={10}
          maxLength={200} hint="At least 10 characters." />
      </ActForm>
    </main>
  );
}
