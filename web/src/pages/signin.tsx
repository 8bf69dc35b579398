import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answer, api, rememberCsrf } from "../api/client";
import { sessionQuery } from "../api/queries";
import { ActForm } from "../ui/dialogs";
import { Field } from "../ui/fields";

// Stands in the place of any page while nobody is signed in; that page is there right after.
export default function SignIn() {
  const client = useQueryClient();
  useEffect(() => {
    document.title = "Sign in – Fencepost";
  }, []);
  return (
    <main className="door">
      <h1>Sign in</h1>
      <ActForm
        act="Sign in"
        onSubmit={async (fields) => {
          const body = { email: fields.email ?? "", password: fields.password ?? "" };
          const session = await answer(api.POST("/api/v1/session", { body }));
          rememberCsrf(session.csrf_token);
          client.removeQueries({ predicate: (one) => one.queryKey[0] !== "session" }); // what somebody else saw here
          client.setQueryData(sessionQuery.queryKey, session);
        }}
      >
        <Field label="E-mail" name="email" type="email" autoComplete="username" isRequired autoFocus maxLength={254} />
        <Field label="Password" name="password" type="password" autoComplete="current-password" isRequired maxLength={200} />
      </ActForm>
      <p className="muted">No account? Whoever runs this server can invite you.</p>
    </main>
  );
}
