// It was sent, and nobody knows what became of it: a person looks, and says.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { historyQuery } from "../api/queries";
import type { Announcement } from "../api/types";
import { useAct } from "../lib/act";
import { outcome } from "../lib/words";
import { Button } from "../ui/basics";
import { Confirm } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";
import { eventText } from "./announcement-history";

export function Unknown({ announcement, may }: { announcement: Announcement; may: boolean }) {
  const [url, setUrl] = useState("");
  const history = useQuery(historyQuery(announcement.id));
  const act = useAct(
    (key: string, happened: boolean) =>
      answer(api.POST("/api/v1/announcements/{id}/resolve", {
        params: { path: { id: String(announcement.id) }, header: { "Idempotency-Key": key } },
        body: { outcome: happened ? "happened" : "did_not_happen", ...(happened && url ? { post_url: url } : {}) },
      })),
    { stale: ["announcements"], done: () => toast(outcome("resolved").text, { tone: "good" }) },
  );
  const known = (history.data ?? []).slice(-4);
  return (
    <section className="unknown notice tone-warn" aria-label="Unknown outcome">
      <p>
        <strong>It was sent, and no answer came.</strong> It may stand on {announcement.connection}, or not. It is not sent again by itself.
      </p>
      {known.length > 0 && (
        <ul className="plain" aria-label="What is known">
          {known.map((event) => (
            <li key={event.id}>{eventText(event)}</li>
          ))}
        </ul>
      )}
      {may ? (
        <>
          <p>Look at the account, then say what you saw:</p>
          <div className="actions">
            <Confirm title="It was posted?" act="It was posted" trigger={<Button>It was posted</Button>} onConfirm={() => act.run(true)}>
              <p>It counts as posted, and is not sent again.</p>
              <Field label="Address of the post (optional)" type="url" value={url} onChange={setUrl} />
            </Confirm>
            <Confirm title="It was not posted?" act="It was not posted" trigger={<Button>It was not posted</Button>}
              onConfirm={() => act.run(false)}>
              <p>It counts as failed, and can be armed again. If it was posted after all, it then stands there twice.</p>
            </Confirm>
          </div>
        </>
      ) : (
        <p>Its host, or who runs this server, can say whether it was posted.</p>
      )}
    </section>
  );
}
