// What the pages ask, each under a key whose first word says what makes it stale (api/live.tsx).
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";

import { answer, api, rememberCsrf, versioned } from "./client";
import { Problem } from "./problem";
import type { Page, Session } from "./types";

// All pages of a list that people made by hand: shows, members, connections. Lists of work are paged by their pages.
const MOST_PAGES = 20;
export async function everything<T>(page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < MOST_PAGES; n++) {
    const got = await page(cursor ? { limit: 200, cursor } : { limit: 200 });
    items.push(...got.items);
    if (!got.next) break;
    cursor = got.next;
  }
  return items;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Infinity,
  retry: (tries, error) => tries < 3 && !(error instanceof Problem && error.status === 401),
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await answer(api.GET("/api/v1/session"));
      rememberCsrf(session.csrf_token);
      return session;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
});

// Inside of the pages somebody is signed in; app.tsx sees to that.
export function useMe() {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error("nobody is signed in");
  const { person } = data;
  return { ...person, operates: person.role !== "member", owns: person.role === "owner" };
}

export const showsQuery = queryOptions({
  queryKey: ["shows"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/shows", { params: { query } }))),
});

// What no event tells of, as the plain successes of curate-* and live-* queues: ms, while the page is seen.
export const UNTOLD = 30_000;

const path = (id: number) => ({ params: { path: { id: String(id) } } });

export const showQuery = (id: number) =>
  queryOptions({ queryKey: ["shows", id], queryFn: () => versioned(api.GET("/api/v1/shows/{id}", path(id))) });

export const membersQuery = (show: number) =>
  queryOptions({
    queryKey: ["members", show],
    queryFn: () =>
      everything((query) =>
        answer(api.GET("/api/v1/shows/{id}/members", { params: { path: { id: String(show) }, query } }))),
  });

export const ownQuery = (show: number) =>
  queryOptions({ queryKey: ["members", show, "me"], retry: false,
    queryFn: () => answer(api.GET("/api/v1/shows/{id}/members/me", path(show))) });

export const liveQuery = (show: number) =>
  queryOptions({ queryKey: ["live", show], refetchInterval: UNTOLD, queryFn: () => answer(api.GET("/api/v1/shows/{id}/live", path(show))) });

type EpisodeStatus = "draft" | "scheduled" | "live" | "ended";
export const episodesQuery = (show: number, status?: EpisodeStatus, limit = 50) =>
  queryOptions({
    queryKey: ["episodes", "of", show, status ?? "all", limit],
    queryFn: () =>
      answer(api.GET("/api/v1/shows/{id}/episodes",
        { params: { path: { id: String(show) }, query: status ? { limit, status } : { limit } } })),
    placeholderData: keepPreviousData,
  });

export const episodeQuery = (id: number) =>
  queryOptions({ queryKey: ["episodes", id], queryFn: () => versioned(api.GET("/api/v1/episodes/{id}", path(id))) });

export const teamQuery = (episode: number) =>
  queryOptions({
    queryKey: ["announcements", "episode", episode],
    queryFn: () =>
      everything((query) =>
        answer(api.GET("/api/v1/episodes/{id}/announcements", { params: { path: { id: String(episode) }, query } }))),
  });

type AnnouncementStatus = "failed" | "unknown";
export const announcementsQuery = (status: AnnouncementStatus, limit: number) =>
  queryOptions({
    queryKey: ["announcements", "status", status, limit],
    queryFn: () => answer(api.GET("/api/v1/announcements", { params: { query: { status, limit } } })),
  });

export const dueQuery = queryOptions({
  queryKey: ["announcements", "due"],
  queryFn: () => answer(api.GET("/api/v1/scheduler/due", { params: { query: { limit: 20 } } })),
});

export const historyQuery = (id: number) =>
  queryOptions({
    queryKey: ["announcements", "history", id],
    queryFn: () =>
      everything((query) =>
        answer(api.GET("/api/v1/announcements/{id}/history", { params: { path: { id: String(id) }, query } }))),
  });

export const connectionsQuery = queryOptions({
  queryKey: ["connections"],
  refetchInterval: 60_000,
  queryFn: () => everything((query) => answer(api.GET("/api/v1/connections", { params: { query } }))),
});

export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  refetchInterval: 30_000,
  queryFn: () => everything((query) => answer(api.GET("/api/v1/queues", { params: { query } }))),
});

// The last hour in minutes, of every queue. Servers add what has ended every few seconds.
export const throughputQuery = queryOptions({
  queryKey: ["queues", "throughput"],
  refetchInterval: 10_000,
  queryFn: () => answer(api.GET("/api/v1/queues/throughput")),
});

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/users", { params: { query } }))),
});
