// Dates without a time, as the API writes them: "2026-11-25". Whose day it is (a channel's zone, Los Angeles) is the caller's.
import { wallClock } from "./time";

const DAY = 86_400_000;
const at = (day: string) => Date.parse(`${day}T00:00:00Z`);
const written = (moment: number) => new Date(moment).toISOString().slice(0, 10);

export const dayOf = (iso: string, zone: string) => wallClock(iso, zone).slice(0, 10);
export const timeOf = (iso: string, zone: string) => wallClock(iso, zone).slice(11);
export const today = (zone: string) => dayOf(new Date().toISOString(), zone);
export const isDay = (text: string | null): text is string => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(at(text!));

export const plusDays = (day: string, n: number) => written(at(day) + n * DAY);
const weekday = (day: string) => (new Date(at(day)).getUTCDay() + 6) % 7; // 0: Monday
export const mondayOf = (day: string) => plusDays(day, -weekday(day));
export const firstOfMonth = (day: string) => `${day.slice(0, 8)}01`;
export function plusMonths(day: string, n: number): string {
  const date = new Date(at(firstOfMonth(day)));
  date.setUTCMonth(date.getUTCMonth() + n);
  return written(date.getTime());
}

export type View = "week" | "month";
// The days that a view of a day shows: whole weeks, from Monday on.
export function shownDays(view: View, day: string): string[] {
  const from = mondayOf(view === "week" ? day : firstOfMonth(day));
  const behind = view === "week" ? plusDays(from, 7) : mondayOf(plusDays(plusMonths(day, 1), 6));
  return Array.from({ length: Math.round((at(behind) - at(from)) / DAY) }, (_, n) => plusDays(from, n));
}

function format(options: Intl.DateTimeFormatOptions) {
  const made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  return (day: string) => made.format(new Date(at(day)));
}
export const dayName = format({ weekday: "short", day: "numeric", month: "short" }); // "Wed 25 Nov"
export const fullDay = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const monthName = format({ month: "long", year: "numeric" });
