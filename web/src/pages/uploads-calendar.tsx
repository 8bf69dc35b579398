// A channel's days with their slots, in the channel's zone. Videos are moved by mouse, by keyboard, or in their own box.
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { Button as AriaButton, useDrag, useDrop } from "react-aria-components";

import { calendarQuery } from "../api/uploads";
import type { CalendarDay, CalendarSlot, CalendarUpload, Channel } from "../api/types";
import { dayName, firstOfMonth, fullDay, monthName, plusDays, plusMonths, shownDays, timeOf, today, type View } from "../lib/days";
import { count, uploadStates } from "../lib/words";
import { Button, Loaded, Section, useNow } from "../ui/basics";
import { useMove, type Movable } from "./uploads-acts";

const DRAGGED = "application/x-fencepost-upload";
const SOONEST = 60_000; // ms: as the server has it, what is nearer is past

type Acts = { zone: string; busy: boolean; now: number; open: (id: number) => void; schedule: (at: string) => void;
  move: (one: Movable, to: string, byKeyboard: boolean) => void };

function Item({ one, at, acts, brief }: { one: CalendarUpload; at: string; acts: Acts; brief: boolean }) {
  const movable = one.status === "scheduled" || one.status === "uploading";
  const { dragProps, dragButtonProps, isDragging } = useDrag({
    hasDragButton: true,
    isDisabled: !movable || acts.busy,
    getAllowedDropOperations: () => ["move"],
    getItems: () => [{ [DRAGGED]: JSON.stringify({ id: one.id, title: one.title, version: one.version, at }), "text/plain": one.title }],
  });
  const state = uploadStates[one.status]!;
  return (
    <div {...dragProps} className={`slot-item tone-${state.tone}${isDragging ? " dragged" : ""}`}>
      <AriaButton id={`upload-${one.id}`} className="item-open" onPress={() => acts.open(one.id)}>
        {brief && <span className="muted">{timeOf(at, acts.zone)} </span>}
        {one.title} <span className="item-kind">{one.kind}, {state.text.toLowerCase()}</span>
      </AriaButton>
      {movable && (
        <AriaButton {...dragButtonProps} id={`move-${one.id}`} className="icon-button" aria-label={`Move ${one.title}`} isDisabled={acts.busy}
          onPress={(event) => {
            dragButtonProps.onPress?.(event);
            // A finger or a click has no drag to begin here: the box can move it too.
            if (event.pointerType !== "keyboard" && event.pointerType !== "virtual") acts.open(one.id);
          }}>
          <span aria-hidden>⠿</span>
        </AriaButton>
      )}
    </div>
  );
}

// What takes a video that is dropped on it. Where it may not be, the server says why.
function useSlotDrop(slotFor: (one: Movable) => string | undefined, acts: Acts) {
  const ref = useRef<HTMLLIElement>(null);
  const { dropProps, isDropTarget } = useDrop({
    ref,
    getDropOperation: (types) => (types.has(DRAGGED) ? "move" : "cancel"),
    onDrop: async (event) => {
      const byKeyboard = document.activeElement === ref.current;
      const item = event.items.find((one) => one.kind === "text" && one.types.has(DRAGGED));
      if (item?.kind !== "text") return;
      const dragged = JSON.parse(await item.getText(DRAGGED)) as Movable;
      const at = slotFor(dragged);
      if (at && dragged.at !== at) acts.move(dragged, at, byKeyboard);
    },
  });
  return { props: { ...dropProps, ref, tabIndex: -1 }, over: isDropTarget };
}

function Slot({ slot, day, acts }: { slot: CalendarSlot; day: string; acts: Acts }) {
  const drop = useSlotDrop(() => slot.at, acts);
  const time = timeOf(slot.at, acts.zone);
  const free = slot.capacity - slot.taken;
  const past = Date.parse(slot.at) - acts.now < SOONEST;
  const seats = slot.capacity === 1 ? (free > 0 ? "free" : "taken") : `${slot.taken} of ${slot.capacity} taken`;
  return (
    <li {...drop.props} aria-label={`${dayName(day)}, ${time}: ${seats}`} className={drop.over ? "slot over" : past ? "slot past" : "slot"}>
      <p className="slot-time">
        <strong>{time}</strong>
        {free > 0 && !past ? (
          <AriaButton className="slot-free" aria-label={`${seats}: schedule a video on ${dayName(day)} at ${time}`} onPress={() => acts.schedule(slot.at)}>
            {seats}
          </AriaButton>
        ) : (
          <span className="muted">{past && free > 0 ? "past" : seats}</span>
        )}
      </p>
      {slot.uploads.map((one) => <Item key={one.id} one={one} at={slot.at} acts={acts} brief={false} />)}
    </li>
  );
}

const ofLimit = ({ used, limit }: { used: number; limit: number | null }) => (limit === null ? `${used}` : `${used}/${limit}`);
const taken = (day: CalendarDay) => day.slots.reduce((sum, one) => sum + one.taken, 0);
const seats = (day: CalendarDay) => day.slots.reduce((sum, one) => sum + Math.max(one.taken, one.capacity), 0);

function Caps({ day }: { day: CalendarDay }) {
  const kinds = day.kinds.map((one) => `${one.kind} ${ofLimit(one)}`).join(", ");
  return (
    <p className="caps muted">
      {taken(day)} of {count(seats(day), "slot")} taken; {kinds}{day.all.limit !== null && `, all ${ofLimit(day.all)}`}
    </p>
  );
}

function WeekDay({ day, acts, isToday }: { day: CalendarDay; acts: Acts; isToday: boolean }) {
  return (
    <li className={isToday ? "day today" : "day"}>
      <h3>{dayName(day.day)}{isToday && <span className="muted"> today</span>}</h3>
      <Caps day={day} />
      <ul className="slots">
        {day.slots.map((slot) => <Slot key={slot.at} slot={slot} day={day.day} acts={acts} />)}
      </ul>
    </li>
  );
}

// Where a video goes that is dropped on a whole day: its own time of day, else the first that is free. Where nothing is,
// the last slot, of which the server says why not.
function slotOfDay(day: CalendarDay, one: Movable, acts: Acts): string | undefined {
  if (day.slots.some((slot) => slot.at === one.at)) return one.at;
  const free = day.slots.filter((slot) => slot.taken < slot.capacity && Date.parse(slot.at) - acts.now >= SOONEST);
  const time = timeOf(one.at, acts.zone);
  return (free.find((slot) => timeOf(slot.at, acts.zone) === time) ?? free[0] ?? day.slots.at(-1))?.at;
}

function MonthDay({ day, acts, isToday, outside, toWeek }: { day: CalendarDay; acts: Acts; isToday: boolean; outside: boolean;
  toWeek: (day: string) => void }) {
  const drop = useSlotDrop((one) => slotOfDay(day, one, acts), acts);
  const names = ["day", isToday && "today", outside && "outside", drop.over && "over"].filter(Boolean).join(" ");
  return (
    <li {...drop.props} aria-label={`${fullDay(day.day)}: ${taken(day)} of ${count(seats(day), "slot")} taken`} className={names}>
      <h3>
        <AriaButton className="day-open" aria-label={`Week of ${dayName(day.day)}`} onPress={() => toWeek(day.day)}>
          {dayName(day.day)}
        </AriaButton>
      </h3>
      <p className="caps muted">{taken(day)}/{seats(day)}<span className="only-wide"> taken</span></p>
      {day.slots.flatMap((slot) => slot.uploads.map((one) => <Item key={one.id} one={one} at={slot.at} acts={acts} brief />))}
    </li>
  );
}

// The days as they will be once a move is answered with yes.
function moved(days: CalendarDay[], moving: { id: number; at: string } | null): CalendarDay[] {
  const one = days.flatMap((day) => day.slots).flatMap((slot) => slot.uploads).find((upload) => upload.id === moving?.id);
  if (!moving || !one) return days;
  const change = (slot: CalendarSlot): CalendarSlot => {
    const was = slot.uploads.some((upload) => upload.id === one.id);
    const is = slot.at === moving.at;
    if (was === is) return slot;
    const uploads = is ? [...slot.uploads, one] : slot.uploads.filter((upload) => upload.id !== one.id);
    return { ...slot, uploads, taken: slot.taken + (is ? 1 : -1) };
  };
  return days.map((day) => ({ ...day, slots: day.slots.map(change) }));
}

// A video that was moved by keyboard keeps the focus at its new place.
function keepFocus(id: number) {
  window.requestAnimationFrame(() => {
    if (!document.activeElement || document.activeElement === document.body || document.activeElement.tagName === "LI")
      document.getElementById(`move-${id}`)?.focus();
  });
}

type Props = { channel: Channel; view: View; day: string; show: (view: View, day: string | null) => void; open: (id: number) => void;
  schedule: (at: string) => void };

export function Calendar({ channel, view, day, show, open, schedule }: Props) {
  const zone = channel.zone;
  const days = shownDays(view, day);
  const query = useQuery(calendarQuery(channel.id, days[0]!, days.length));
  const { move, moving, busy } = useMove(zone);
  const now = useNow(30_000);
  const acts: Acts = {
    zone, busy, now, open, schedule,
    move: (one, to, byKeyboard) => {
      void move(one, to).then(() => byKeyboard && keepFocus(one.id));
    },
  };
  const step = (n: number) => (view === "week" ? plusDays(day, 7 * n) : plusMonths(day, n));
  const title = view === "week" ? `${dayName(days[0]!)} to ${fullDay(days.at(-1)!)}` : monthName(day);
  const here = today(zone);
  return (
    <Section title="Calendar" actions={
      <div className="actions" role="group" aria-label="What the calendar shows">
        <Button small aria-pressed={view === "week"} onPress={() => show("week", day)}>Week</Button>
        <Button small aria-pressed={view === "month"} onPress={() => show("month", day)}>Month</Button>
        <Button small aria-label={`Previous ${view}`} onPress={() => show(view, step(-1))}>←</Button>
        <Button small onPress={() => show(view, null)}>Today</Button>
        <Button small aria-label={`Next ${view}`} onPress={() => show(view, step(1))}>→</Button>
      </div>
    }>
      <p aria-live="polite"><strong>{title}</strong> <span className="muted">Times are in {zone}. Drag a video to another slot, or press Enter on its handle.</span></p>
      <Loaded query={query}>
        {(data) => (
          <ol className={`calendar ${view}`} aria-label={title} aria-busy={busy}>
            {moved(data.days, moving).map((one) =>
              view === "week" ? (
                <WeekDay key={one.day} day={one} acts={acts} isToday={one.day === here} />
              ) : (
                <MonthDay key={one.day} day={one} acts={acts} isToday={one.day === here} toWeek={(to) => show("week", to)}
                  outside={firstOfMonth(one.day) !== firstOfMonth(day)} />
              ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}
