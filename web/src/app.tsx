// Which page an address shows. The server knows the same addresses (src/http/api/pages.cpp).
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { Redirect, Route, Switch, useLocation } from "wouter";

import { LiveProvider } from "./api/live";
import { sessionQuery } from "./api/queries";
import { Shell } from "./shell";
import { Empty, Loaded, PageHead } from "./ui/basics";
import { toast, Toasts } from "./ui/toast";

const SignIn = lazy(() => import("./pages/signin"));
const Welcome = lazy(() => import("./pages/welcome"));
const Today = lazy(() => import("./pages/today"));
const Shows = lazy(() => import("./pages/shows"));
const Show = lazy(() => import("./pages/show"));
const Episode = lazy(() => import("./pages/episode"));
const Uploads = lazy(() => import("./pages/uploads"));
const Connections = lazy(() => import("./pages/connections"));
const Pipelines = lazy(() => import("./pages/pipelines"));
const Queue = lazy(() => import("./pages/queue"));
const Activity = lazy(() => import("./pages/activity"));
const Settings = lazy(() => import("./pages/settings"));

// Where a platform sends people back to: "/?connected=7" (src/http/api/connection_life.cpp).
function Home() {
  const connected = new URLSearchParams(window.location.search).get("connected");
  useEffect(() => {
    if (connected) toast("Connected.", { tone: "good" });
  }, [connected]);
  return connected ? <Redirect to="/connections" replace /> : <Today />;
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <Home />
      </Route>
      <Route path="/signin">
        <Redirect to="/" replace />
      </Route>
      <Route path="/shows">
        <Shows />
      </Route>
      <Route path="/shows/:id">{({ id }) => <Show key={id} id={Number(id)} />}</Route>
      <Route path="/episodes/:id">{({ id }) => <Episode key={id} id={Number(id)} />}</Route>
      <Route path="/uploads">
        <Uploads />
      </Route>
      <Route path="/connections">
        <Connections />
      </Route>
      <Route path="/pipelines/:name?">{({ name }) => <Pipelines key={name} name={name ?? "places"} />}</Route>
      <Route path="/queues/:name">{({ name }) => <Queue key={name} name={name} />}</Route>
      <Route path="/activity">
        <Activity />
      </Route>
      <Route path="/settings">
        <Settings />
      </Route>
      <Route>
        <PageHead title="Not here" />
        <Empty title="There is no such page." />
      </Route>
    </Switch>
  );
}

const waiting = (
  <p className="muted loading" role="status">
    Loading…
  </p>
);

export function App() {
  const session = useQuery(sessionQuery);
  const [location, navigate] = useLocation();
  const welcome = location === "/welcome";
  return (
    <I18nProvider locale="en-GB">
      <RouterProvider navigate={navigate}>
        <Suspense fallback={waiting}>
          {welcome ? (
            <Welcome />
          ) : (
            <Loaded query={session}>
              {(who) =>
                who === null ? (
                  <SignIn />
                ) : (
                  <LiveProvider>
                    <Shell>
                      <Suspense fallback={waiting}>
                        <Pages />
                      </Suspense>
                    </Shell>
                  </LiveProvider>
                )
              }
            </Loaded>
          )}
        </Suspense>
        <Toasts />
      </RouterProvider>
    </I18nProvider>
  );
}
