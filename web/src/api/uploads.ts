// What the Uploads page asks.
import { queryOptions } from "@tanstack/react-query";

import { answer, api, versioned } from "./client";
import { everything } from "./queries";

const path = (id: number) => ({ params: { path: { id: String(id) } } });

export const channelsQuery = queryOptions({
  queryKey: ["channels"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/channels", { params: { query } }))),
});

export const calendarQuery = (channel: number, from: string, days: number) =>
  queryOptions({
    queryKey: ["uploads", "calendar", channel, from, days],
    queryFn: () => answer(api.GET("/api/v1/channels/{id}/calendar", { params: { ...path(channel).params, query: { from, days } } })),
  });

export type UploadStatus = "scheduled" | "uploading" | "uploaded" | "published" | "failed" | "unknown" | "cancelled";
// Of one channel, or of all that somebody may see.
export const uploadsQuery = (channel: number | null, status: UploadStatus, limit: number) =>
  queryOptions({
    queryKey: ["uploads", "list", channel, status, limit],
    queryFn: () =>
      channel === null
        ? answer(api.GET("/api/v1/uploads", { params: { query: { status, limit } } }))
        : answer(api.GET("/api/v1/channels/{id}/uploads", { params: { ...path(channel).params, query: { status, limit } } })),
  });

export const uploadQuery = (id: number) =>
  queryOptions({ queryKey: ["uploads", id], retry: false, queryFn: () => versioned(api.GET("/api/v1/uploads/{id}", path(id))) });

export const uploadHistoryQuery = (id: number) =>
  queryOptions({
    queryKey: ["uploads", id, "history"],
    queryFn: () =>
      everything((query) => answer(api.GET("/api/v1/uploads/{id}/history", { params: { ...path(id).params, query } }))),
  });

// How much of it YouTube has; each event of it makes this stale (api/live.tsx), and nothing else.
export const progressQuery = (id: number) =>
  queryOptions({
    queryKey: ["progress", id],
    queryFn: async () => {
      const { percent, bytes_total } = await answer(api.GET("/api/v1/uploads/{id}", path(id)));
      return { percent, total: bytes_total };
    },
  });

// null: none within the channel's horizon.
export const nextSlotQuery = (channel: number, kind: string) =>
  queryOptions({
    queryKey: ["uploads", "next-slot", channel, kind],
    refetchInterval: 60_000, // time passes, and no event says so
    queryFn: async () => {
      const { data, error, response } = await api.GET("/api/v1/channels/{id}/next-slot",
        { params: { ...path(channel).params, query: { kind } } });
      if (response.status === 409) return null;
      return answer(Promise.resolve({ data, error, response }));
    },
  });

export const projectsQuery = queryOptions({
  queryKey: ["quota"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/quota-projects", { params: { query } }))),
});
// From the day on that it is in Los Angeles.
export const quotaQuery = (project: number, days: number) =>
  queryOptions({
    queryKey: ["quota", project, days],
    refetchInterval: 60_000,
    queryFn: () => answer(api.GET("/api/v1/quota-projects/{id}/days", { params: { ...path(project).params, query: { days } } })),
  });

const MEASURING = 2000; // ms: no event tells that a video was measured
export const videosQuery = queryOptions({
  queryKey: ["videos"],
  staleTime: 0, // others add some, and nothing tells
  refetchInterval: (query) =>
    query.state.data?.some((one) => one.readiness.final.ready === "waiting") ? MEASURING : false,
  queryFn: async () => {
    const all = await everything((query) => answer(api.GET("/api/v1/videos", { params: { query } })));
    return all.reverse(); // the newest first
  },
});

export const foldersQuery = queryOptions({
  queryKey: ["media-folders"],
  staleTime: 60_000,
  queryFn: () => answer(api.GET("/api/v1/media-folders")),
});
export const entriesQuery = (name: string, under: string) =>
  queryOptions({
    queryKey: ["media-folders", name, under],
    queryFn: () =>
      everything((query) =>
        answer(api.GET("/api/v1/media-folders/{name}", { params: { path: { name }, query: { ...query, ...(under ? { under } : {}) } } }))),
  });

export const templatesQuery = (channel: number) =>
  queryOptions({
    queryKey: ["templates", channel],
    queryFn: () =>
      everything((query) => answer(api.GET("/api/v1/templates", { params: { query: { ...query, channel_id: channel } } }))),
  });
