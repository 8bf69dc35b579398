// What stands around every page: where to go, whether the screen is live, who is signed in.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { Link, useLocation } from "wouter";

import { answer, api, rememberCsrf } from "./api/client";
import { useLive } from "./api/live";
import { sessionQuery, useMe } from "./api/queries";
import { useDropGuard } from "./lib/drops";
import { applyTheme, chosenTheme, type Theme } from "./lib/theme";
import { ownZone } from "./lib/time";
import { sayProblem } from "./lib/act";

type Place = { to: string; text: string; also?: string; operators?: boolean };
const places: Place[] = [
  { to: "/", text: "Today" },
  { to: "/shows", text: "Shows", also: "/episodes" },
  { to: "/uploads", text: "Uploads" },
  { to: "/pipelines", text: "Pipelines", also: "/queues", operators: true },
  { to: "/connections", text: "Connections" },
  { to: "/activity", text: "Activity", operators: true },
  { to: "/settings", text: "Settings" },
];

function Navigation({ onGo }: { onGo: () => void }) {
  const [location] = useLocation();
  const me = useMe();
  const here = (place: Place) =>
    place.to === "/" ? location === "/" : [place.to, place.also].some((one) => one && location.startsWith(one));
  return (
    <nav id="navigation" aria-label="Pages">
      <ul>
        {places
          .filter((place) => !place.operators || me.operates)
          .map((place) => (
            <li key={place.to}>
              <Link href={place.to} aria-current={here(place) ? "page" : undefined} onClick={onGo}>
                {place.text}
              </Link>
            </li>
          ))}
      </ul>
    </nav>
  );
}

function LiveMark() {
  const live = useLive();
  if (live === null) return null;
  return (
    <span className={live ? "live-mark on" : "live-mark"} role="status">
      {live ? "Live" : "Reconnecting…"}
    </span>
  );
}

function Account() {
  const me = useMe();
  const client = useQueryClient();
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  const choose = (next: Theme) => {
    applyTheme(next);
    setTheme(next);
  };
  const signOut = async () => {
    try {
      await answer(api.DELETE("/api/v1/session"));
      rememberCsrf(null);
      client.removeQueries({ predicate: (one) => one.queryKey[0] !== "session" });
      client.setQueryData(sessionQuery.queryKey, null);
    } catch (error) {
      sayProblem(error);
    }
  };
  return (
    <MenuTrigger>
      <AriaButton className="button quiet account" aria-label={`${me.name}: theme and signing out`}>
        {me.name} <span aria-hidden>▾</span>
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="listbox" onAction={(key) => (key === "out" ? void signOut() : choose(key as Theme))}>
          {(["system", "light", "dark"] as const).map((one) => (
            <MenuItem key={one} id={one} className="option" textValue={one}>
              {theme === one ? "✓ " : ""}
              {one === "system" ? "As the system has it" : one === "light" ? "Light" : "Dark"}
            </MenuItem>
          ))}
          <MenuItem id="out" className="option">
            Sign out
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [location] = useLocation();
  useDropGuard();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A new page begins at its top, for eyes and for screen readers.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [location]);
  return (
    <div className={open ? "shell open" : "shell"}>
      <a className="skip" href="#main">
        To the content
      </a>
      <header className="bar">
        <AriaButton className="button quiet menu-button" aria-expanded={open} aria-controls="navigation"
          onPress={() => setOpen(!open)}>
          <span aria-hidden>☰</span> Menu
        </AriaButton>
        <Link href="/" className="brand">
          Fencepost
        </Link>
        <span className="grow" />
        <LiveMark />
        <Account />
      </header>
      <Navigation onGo={() => setOpen(false)} />
      <main id="main" ref={main} tabIndex={-1}>
        {children}
        <footer className="foot">Times of a show or a channel are in its own zone; all others in yours, {ownZone}.</footer>
      </main>
    </div>
  );
}
