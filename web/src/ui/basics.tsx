// The small parts that all pages share. What they do for keyboards and screen readers is React Aria's.
import { useEffect, useState, type ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";
import { Link } from "wouter";

import { messageOf } from "../api/problem";
import { clockTime, fullTime, relative } from "../lib/time";
import type { Tone } from "../lib/words";

type ButtonProps = AriaButtonProps & { kind?: "primary" | "danger" | "quiet"; small?: boolean; busy?: boolean };

// busy: locked while its request is in flight; it keeps the focus, and says so.
export function Button({ kind, small, busy, children, ...props }: ButtonProps) {
  const classes = ["button", kind, small ? "small" : ""].filter(Boolean).join(" ");
  return (
    <AriaButton {...props} isPending={busy ?? false} className={classes}>
      {(state) => (
        <>
          {typeof children === "function" ? children(state) : children}
          {busy && <span className="spinner" aria-hidden />}
        </>
      )}
    </AriaButton>
  );
}

export function Badge({ word }: { word: { text: string; tone: Tone; hint?: string } | undefined }) {
  if (!word) return null;
  return (
    <span className={`badge tone-${word.tone}`} title={word.hint}>
      {word.text}
    </span>
  );
}

// Ticks, so that "in 5 minutes" stays true while somebody looks.
export function useNow(every = 10_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}

export function Time({ at, zone, brief }: { at: string; zone?: string; brief?: boolean }) {
  const now = useNow(1000);
  return (
    <time dateTime={at} title={fullTime(at, zone)} className="time">
      {brief ? clockTime(at, zone) : fullTime(at, zone)} <span className="muted">({relative(at, now)})</span>
    </time>
  );
}

// How much of something there is: of a limit (meter), or of what is to be done (progressbar).
export function Bar({ label, value, most, text, tone = "info", role = "meter" }: { label: string; value: number; most: number;
  text: string; tone?: Tone; role?: "meter" | "progressbar" }) {
  const width = most > 0 ? `${Math.min(100, (100 * value) / most)}%` : "100%";
  return (
    <span className={`bar-of tone-${tone}`} role={role} aria-label={label} aria-valuemin={0} aria-valuemax={Math.max(most, value, 1)}
      aria-valuenow={value} aria-valuetext={text}>
      <span style={{ width }} />
    </span>
  );
}

export function PageHead({ title, back, children }: { title: string; back?: { to: string; text: string }; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Fencepost`;
  }, [title]);
  return (
    <header className="page-head">
      <div>
        {back && (
          <Link href={back.to} className="back">
            <span aria-hidden>← </span>
            {back.text}
          </Link>
        )}
        <h1>{title}</h1>
      </div>
      {children && <div className="actions">{children}</div>}
    </header>
  );
}

export function Section({ title, children, actions, id }: { title: string; children: ReactNode; actions?: ReactNode; id?: string }) {
  const heading = id ?? title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  return (
    <section aria-labelledby={heading} className="section">
      <div className="section-head">
        <h2 id={heading}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

// An empty state teaches: what would stand here, and how it comes.
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

type Question<T> = { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };

// A query's three states.
export function Loaded<T>({ query, children }: { query: Question<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error)
    return (
      <div className="empty" role="alert">
        <p>{messageOf(query.error)}</p>
        <Button onPress={() => void query.refetch()}>Try again</Button>
      </div>
    );
  return (
    <p className="muted" role="status">
      Loading…
    </p>
  );
}
