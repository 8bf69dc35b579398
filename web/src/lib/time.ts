// Times, always with their zone. What the API says is UTC; what people read is the show's zone, else their own.

export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const formats = new Map<string, Intl.DateTimeFormat>();
function format(zone: string, kind: "full" | "time" | "day"): Intl.DateTimeFormat {
  const key = `${kind} ${zone}`;
  let made = formats.get(key);
  if (!made) {
    const options: Intl.DateTimeFormatOptions = { timeZone: zone };
    if (kind !== "day") Object.assign(options, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
    if (kind !== "time") Object.assign(options, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
    made = new Intl.DateTimeFormat("en-GB", options);
    formats.set(key, made);
  }
  return made;
}

function zoned(zone: string | undefined): string {
  if (!zone) return ownZone;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return zone;
  } catch {
    return "UTC"; // a zone that this browser does not know
  }
}

// "Fri, 27 Nov 2026, 20:00 CET"
export const fullTime = (iso: string, zone?: string) => format(zoned(zone), "full").format(new Date(iso));
// "20:00 CET"
export const clockTime = (iso: string, zone?: string) => format(zoned(zone), "time").format(new Date(iso));

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
// "in 5 minutes", "3 days ago"
export function relative(iso: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return words.format(seconds, "second");
  if (size < 3600) return words.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / 86_400), "day");
}

// For <input type="datetime-local">: the wall clock of that zone, "2026-11-27T20:00". The API reads such a time, without
// an offset, as of the show's zone.
export function wallClock(iso: string | null, zone?: string): string {
  if (!iso) return "";
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zoned(zone), year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(new Date(iso));
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "00";
  return `${of("year")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

export function zones(): string[] {
  const all = Intl.supportedValuesOf("timeZone");
  return all.includes("UTC") ? all : ["UTC", ...all];
}
