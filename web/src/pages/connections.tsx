// The accounts that posts go out over.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { connectionsQuery, useMe } from "../api/queries";
import type { Connection } from "../api/types";
import { useAct } from "../lib/act";
import { connectionStates, platformName } from "../lib/words";
import { Badge, Button, Empty, Loaded, PageHead, Time } from "../ui/basics";
import { Confirm, DialogBox } from "../ui/dialogs";
import { toast } from "../ui/toast";
import { Connect, ConnectAgain } from "./connect";
import { mayCost, SpendLimits, Spent } from "./connection-spend";

const stale = ["connections", "announcements"];

function Verify({ connection }: { connection: Connection }) {
  const act = useAct(
    (key: string) =>
      answer(api.POST("/api/v1/connections/{id}/verify",
        { params: { path: { id: String(connection.id) }, header: { "Idempotency-Key": key } } })),
    { stale, done: (made) => toast(`${platformName(made.platform)} knows it: ${made.account_name ?? made.name}.`, { tone: "good" }) },
  );
  return <Button small busy={act.busy} onPress={() => void act.run()}>Ask the platform</Button>;
}

function Disconnect({ connection }: { connection: Connection }) {
  const act = useAct(
    (_key: string) => answer(api.DELETE("/api/v1/connections/{id}", { params: { path: { id: String(connection.id) } } })),
    { stale, done: () => toast("Disconnected: nothing leaves over it any more.", { tone: "good" }) },
  );
  return (
    <Confirm title={`Disconnect ${connection.name}?`} act="Disconnect" danger trigger={<Button small>Disconnect</Button>}
      onConfirm={() => act.run()}>
      <p>Its credentials are forgotten at once, and nothing leaves over it any more. The history stays.</p>
    </Confirm>
  );
}

function ConnectionCard({ connection }: { connection: Connection }) {
  const { status } = connection;
  return (
    <li className="card">
      <div className="card-head">
        <h2>{connection.name}</h2>
        <Badge word={connectionStates[status]} />
      </div>
      <p className="muted">
        {platformName(connection.platform)}
        {connection.account_name && `, ${connection.account_name}`}
        {connection.url && <span className="breaks">, {connection.url}</span>}
      </p>
      {status === "broken" && <p className="notice tone-bad">{connection.broken_reason ?? "The platform refuses its credentials."}</p>}
      {status === "connected" && connection.last_error && <p className="notice tone-warn">What went wrong last: {connection.last_error}</p>}
      {connection.resting_until && <p>Rests until <Time at={connection.resting_until} />: the platform asked for it.</p>}
      {status === "connected" && connection.expires_at && !connection.refreshable && (
        <p>Its credentials end <Time at={connection.expires_at} />.</p>
      )}
      {mayCost(connection) && status !== "disconnected" && <Spent connection={connection} />}
      <div className="actions">
        {status !== "disconnected" && <Verify connection={connection} />}
        {mayCost(connection) && status !== "disconnected" && <SpendLimits connection={connection} />}
        {status !== "connected" && <ConnectAgain connection={connection} />}
        {status !== "disconnected" && <Disconnect connection={connection} />}
      </div>
    </li>
  );
}

export default function Connections() {
  const me = useMe();
  const client = useQueryClient();
  const connections = useQuery(connectionsQuery);
  const [open, setOpen] = useState(() => new URLSearchParams(window.location.search).has("new"));
  const list = (all: Connection[]) => (
    <ul className="cards">{all.map((one) => <ConnectionCard key={one.id} connection={one} />)}</ul>
  );
  return (
    <>
      <PageHead title="Connections">
        <DialogBox title="Connect an account" trigger={<Button kind="primary">Connect an account</Button>} open={open}
          onOpenChange={setOpen}>
          {(close) => (
            <Connect close={() => {
              close();
              void client.invalidateQueries({ queryKey: ["connections"] });
            }} />
          )}
        </DialogBox>
      </PageHead>
      <Loaded query={connections}>
        {(all) => {
          const mine = all.filter((one) => one.person_id === me.id);
          const others = all.filter((one) => one.person_id !== me.id);
          return (
            <>
              {mine.length === 0 ? (
                <Empty title="You have connected no account.">
                  <p>A connection is an account of yours that announcements go out over. Nobody else writes over it.</p>
                </Empty>
              ) : (
                list(mine)
              )}
              {others.length > 0 && (
                <>
                  <h2 className="others">Of others</h2>
                  {list(others)}
                </>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
