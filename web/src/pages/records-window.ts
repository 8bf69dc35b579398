// A list of any length on a page that holds a small part of it: the pages around what is seen are asked for, those far away
// are let go, and every row stands where it is in the whole.
import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type UIEvent } from "react";
import { Size, TableLayout, type TableLayoutProps } from "react-aria-components";

import { UNTOLD } from "../api/queries";
import type { Page } from "../api/types";

export const ROW = 44; // px
export const HEADING = 40;
const AHEAD = 50; // rows: so many before they are seen, their page is asked for
const KEPT = 30_000; // ms that a page is kept which is far away

export type Placed = { at: number }; // how many rows stand above it
type Options = TableLayoutProps & { rows?: number };

// Places the rows that are there by their own `at`, and leaves room for those that are not.
export class WindowLayout<T extends object> extends TableLayout<T, Options> {
  private rows = 0;

  override shouldInvalidateLayoutOptions(next: Options, last: Options) {
    return next.rows !== last.rows || super.shouldInvalidateLayoutOptions(next, last);
  }
  override update(context: Parameters<TableLayout<T, Options>["update"]>[0]) {
    this.rows = context.layoutOptions?.rows ?? this.rows;
    super.update(context);
  }
  protected override buildRowGroup(...[y, node]: Parameters<TableLayout<T, Options>["buildRowGroup"]>) {
    const [first] = this.virtualizer!.collection.getChildren?.(node.key) ?? [];
    return super.buildRowGroup(y + ((first?.value as Placed | null)?.at ?? 0) * ROW, node);
  }
  protected override buildCollection() {
    const nodes = super.buildCollection();
    this.contentSize = new Size(this.contentSize.width, Math.max(this.contentSize.height, HEADING + this.rows * ROW));
    return nodes;
  }
}

// Where a page of the list begins, and how many rows came of it: 0 before it was asked for.
type Known = { cursor: string; size: number };

function learned(known: Known[], index: number, { items, next }: Page<unknown>): Known[] {
  const mine = known[index];
  const behind = known[index + 1];
  if (!mine || (mine.size === items.length && behind?.cursor === (next ?? undefined))) return known;
  const before = [...known.slice(0, index), { ...mine, size: items.length }];
  return next === null ? before : [...before, { cursor: next, size: behind?.size ?? 0 }, ...known.slice(index + 2)];
}

// Who scrolls away from the row that has the focus goes on from the table's box: that row is about to leave, and the table
// would take the focus and the screen to another one.
function letGo(grid: Element) {
  const row = grid.contains(document.activeElement) ? document.activeElement?.closest('[role="row"]') : null;
  if (!row) return;
  const [where, seen] = [row.getBoundingClientRect(), grid.getBoundingClientRect()];
  if (where.bottom < seen.top || where.top > seen.bottom) grid.parentElement?.focus({ preventScroll: true });
}

type Asked<Row> = { key: unknown[]; size: number; page: (cursor: string) => Promise<Page<Row>> };

// `size`: rows of a full page. Begun anew for another list.
export function useWindow<Row extends object>({ key, size, page }: Asked<Row>) {
  const [known, setKnown] = useState<Known[]>([{ cursor: "", size: 0 }]);
  const [seen, setSeen] = useState({ from: 0, to: 0 }); // pages
  const from = Math.min(seen.from, known.length - 1);
  const queries = useQueries({
    queries: known.slice(from, seen.to + 1).map(({ cursor }, n) => ({
      queryKey: [...key, from + n, cursor],
      gcTime: KEPT,
      refetchInterval: UNTOLD, // of the pages around what is seen; rows keep their keys, so nothing moves or is deselected
      queryFn: async (): Promise<Page<Row & Placed>> => {
        const { items, next } = await page(cursor);
        return { items: items.map((row, k) => ({ ...row, at: (from + n) * size + k })), next };
      },
    })),
  });
  useEffect(() => {
    queries.forEach(({ data }, n) => data && setKnown((before) => learned(before, from + n, data)));
  });
  // Those that follow one another without a gap. Before any is there, the last ones stay: a table is not empty for a moment.
  const pages = queries.map(({ data }) => data);
  const begin = Math.max(0, pages.findIndex(Boolean));
  const end = pages.findIndex((one, n) => n > begin && !one);
  const there = pages.slice(begin, end < 0 ? undefined : end).flatMap((one) => one?.items ?? []);
  const last = useRef(there);
  useEffect(() => {
    if (there.length > 0) last.current = there;
  });
  const total = known.reduce((sum, one) => sum + one.size, 0);
  const onScroll = (event: UIEvent<Element>) => {
    const { scrollTop, clientHeight } = event.currentTarget;
    const pageAt = (y: number) => Math.floor(y / ROW / size);
    const next = { from: pageAt(Math.max(0, scrollTop - AHEAD * ROW)), to: pageAt(scrollTop + clientHeight + AHEAD * ROW) };
    if (seen.from === next.from && seen.to === next.to) return;
    letGo(event.currentTarget);
    setSeen(next);
  };
  return {
    rows: there.length > 0 || total === 0 ? there : last.current,
    total,
    more: known.at(-1)!.size === 0 && known.length > 1,
    error: queries.find((one) => one.error)?.error ?? null,
    again: () => queries.forEach((one) => one.error && void one.refetch()),
    pending: queries.some((one) => one.isPending),
    onScroll,
    options: useMemo(() => ({ rowHeight: ROW, headingHeight: HEADING, rows: total }), [total]),
  };
}
