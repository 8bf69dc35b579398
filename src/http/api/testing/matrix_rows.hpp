#pragma once
// What the matrix expects: everybody who may come, and for each route what it answers him. Written by hand,
// and not taken from the routes' rules: a wrong rule is found, and a route that is not here fails.

#include <array>
#include <map>
#include <string>

namespace fencepost::http::testing {

// stranger: a member of the instance who has to do with nothing here.  member: one whose connection,
// announcement, token and session are asked for.  host, show_admin: of the show that is asked for; the
// invitation is the admin's.  wrong_show: an admin of another show.  revoked: an owner's token.  expired: an
// owner's session. unscoped: an owner's token, for something else.
enum Caller {
  nobody,
  stranger,
  member,
  host,
  show_admin,
  operator_,
  owner,
  wrong_show,
  revoked,
  expired,
  unscoped,
  kCallers
};
inline constexpr const char* kNames[] = {"nobody", "stranger",   "member",  "host",    "admin",   "operator",
                                         "owner",  "wrong_show", "revoked", "expired", "unscoped"};

using Row = std::array<int, kCallers>;

constexpr Row everybody(int s) { return {s, s, s, s, s, s, s, s, s, s, s}; }
constexpr Row signed_in(int s) { return {401, s, s, s, s, s, s, s, 401, 401, 403}; }
constexpr Row operators(int s) { return {401, 403, 403, 403, 403, s, s, 403, 401, 401, 403}; }
constexpr Row members(int s) { return {401, 404, s, 404, 404, s, s, 404, 401, 401, 403}; }
constexpr Row hosts(int s) { return {401, 404, 404, s, s, s, s, 404, 401, 401, 403}; }
constexpr Row admins(int s) { return {401, 404, 404, 403, s, s, s, 404, 401, 401, 403}; }
// The unscoped token is for uploads: there it is an owner's.
constexpr Row for_uploads(Row row, int s = 422) {
  row[unscoped] = s;
  return row;
}

// Without a body: 422 and 428 are what those are told who may, and asked for nothing.
inline const std::map<std::string, Row> kExpected = {
    {"GET /healthz", everybody(200)},
    {"GET /readyz", everybody(200)},
    {"GET /metrics", everybody(200)},  // from this host
    {"GET /api/docs", everybody(200)},
    {"GET /api/docs.css", everybody(200)},
    {"GET /api/v1/openapi.json", everybody(200)},

    {"GET /", everybody(200)},
    {"GET /signin", everybody(200)},
    {"GET /welcome", everybody(200)},
    // Each is the same file; what its script asks for has rows of its own.
    {"GET /shows", everybody(200)},
    {"GET /shows/{id}", everybody(200)},
    {"GET /episodes/{id}", everybody(200)},
    {"GET /connections", everybody(200)},
    {"GET /pipelines", everybody(200)},
    {"GET /pipelines/{name}", everybody(200)},
    {"GET /queues/{name}", everybody(200)},
    {"GET /uploads", everybody(200)},
    {"GET /activity", everybody(200)},
    {"GET /settings", everybody(200)},
    {"GET /assets/{name}", everybody(404)},

    {"GET /api/v1/image-links/{link}", everybody(404)},

    {"GET /api/v1/events", signed_in(200)},
    {"GET /api/v1/events/history", operators(200)},

    {"POST /api/v1/session", everybody(422)},
    {"POST /api/v1/session/first-run", everybody(422)},
    {"GET /api/v1/session", signed_in(200)},
    {"DELETE /api/v1/session", signed_in(204)},
    {"GET /api/v1/me", signed_in(200)},
    {"PATCH /api/v1/me", signed_in(428)},
    {"PUT /api/v1/me/password", signed_in(422)},
    {"GET /api/v1/me/sessions", signed_in(200)},
    {"DELETE /api/v1/me/sessions", signed_in(200)},
    {"DELETE /api/v1/me/sessions/{id}", {401, 404, 204, 404, 404, 404, 404, 404, 401, 401, 403}},

    {"GET /api/v1/users", operators(200)},
    {"GET /api/v1/users/{id}", operators(200)},
    {"PATCH /api/v1/users/{id}", operators(428)},
    {"DELETE /api/v1/users/{id}", operators(204)},

    {"GET /api/v1/invitations", signed_in(200)},
    // Without a show, to the instance: an operator's.
    {"POST /api/v1/invitations", operators(201)},
    {"DELETE /api/v1/invitations/{id}", {401, 404, 404, 404, 204, 204, 204, 404, 401, 401, 403}},
    {"POST /api/v1/invitations/accept", everybody(422)},
    {"POST /api/v1/invitations/join", signed_in(422)},

    {"GET /api/v1/tokens", signed_in(200)},
    {"POST /api/v1/tokens", signed_in(422)},
    {"DELETE /api/v1/tokens/{id}", {401, 404, 204, 404, 404, 404, 204, 404, 401, 401, 403}},

    {"GET /api/v1/shows", signed_in(200)},
    {"POST /api/v1/shows", operators(422)},
    {"GET /api/v1/shows/{id}", hosts(200)},
    {"PATCH /api/v1/shows/{id}", admins(428)},
    {"DELETE /api/v1/shows/{id}", admins(204)},
    {"GET /api/v1/shows/{id}/members", hosts(200)},
    {"PUT /api/v1/shows/{id}/members/{person}", admins(422)},
    {"DELETE /api/v1/shows/{id}/members/{person}", admins(200)},

    // The operator and the owner are in no show themselves.
    {"GET /api/v1/shows/{id}/members/me", {401, 404, 404, 200, 200, 404, 404, 404, 401, 401, 403}},
    {"PUT /api/v1/shows/{id}/members/me", hosts(422)},
    {"GET /api/v1/shows/{id}/episodes", hosts(200)},
    {"POST /api/v1/shows/{id}/episodes", hosts(422)},

    {"GET /api/v1/episodes/{id}", hosts(200)},
    {"PATCH /api/v1/episodes/{id}", hosts(428)},
    {"DELETE /api/v1/episodes/{id}", admins(204)},
    {"GET /api/v1/episodes/{id}/announcements", hosts(200)},
    {"POST /api/v1/episodes/{id}/announcements", hosts(422)},
    {"POST /api/v1/episodes/{id}/announcements/create-all", admins(200)},

    {"GET /api/v1/scheduler", operators(200)},
    {"GET /api/v1/scheduler/due", signed_in(200)},

    {"GET /api/v1/shows/{id}/live", hosts(200)},
    // A show without a channel.
    {"POST /api/v1/shows/{id}/live-check", hosts(409)},
    {"POST /api/v1/scheduler/check", operators(200)},
    {"GET /api/v1/scheduler/channels", operators(200)},

    {"GET /api/v1/connections", signed_in(200)},
    {"POST /api/v1/connections", signed_in(422)},
    {"GET /api/v1/connections/{id}", members(200)},
    {"DELETE /api/v1/connections/{id}", members(200)},
    {"POST /api/v1/connections/{id}/connect", members(200)},
    {"POST /api/v1/connections/import", operators(422)},
    {"POST /api/v1/connections/authorize", signed_in(422)},
    {"GET /api/v1/connections/callback", signed_in(422)},
    {"POST /api/v1/connections/{id}/verify", members(200)},
    {"PUT /api/v1/connections/{id}/spend-limits", members(200)},

    {"GET /api/v1/announcements", signed_in(200)},
    {"POST /api/v1/announcements", signed_in(422)},
    {"GET /api/v1/announcements/{id}", members(200)},
    {"PATCH /api/v1/announcements/{id}", members(428)},
    {"DELETE /api/v1/announcements/{id}", members(200)},
    {"GET /api/v1/announcements/{id}/history", members(200)},
    {"POST /api/v1/announcements/{id}/disable", members(200)},
    {"POST /api/v1/announcements/{id}/enable", members(200)},
    {"POST /api/v1/announcements/{id}/post-now", members(202)},
    {"POST /api/v1/announcements/{id}/generate", members(409)},
    {"POST /api/v1/announcements/{id}/resolve", members(422)},
    {"GET /api/v1/announcements/{id}/preview", members(200)},
    {"GET /api/v1/announcements/{id}/images", members(200)},
    {"POST /api/v1/announcements/{id}/images", members(428)},
    // One without images.
    {"GET /api/v1/announcements/{id}/images/{image}", members(404)},
    {"PATCH /api/v1/announcements/{id}/images/{image}", members(428)},
    {"DELETE /api/v1/announcements/{id}/images/{image}", members(428)},
    // Of no show, so that nobody is an admin of it.
    {"POST /api/v1/announcements/{id}/approve", members(422)},

    {"GET /api/v1/notifications/subscriptions", signed_in(200)},
    {"POST /api/v1/notifications/subscriptions", signed_in(422)},
    {"GET /api/v1/notifications/subscriptions/{id}", members(200)},
    {"PATCH /api/v1/notifications/subscriptions/{id}", members(428)},
    {"DELETE /api/v1/notifications/subscriptions/{id}", members(204)},
    {"GET /api/v1/notifications/subscriptions/{id}/deliveries", members(200)},
    {"POST /api/v1/notifications/subscriptions/{id}/test", members(202)},
    {"POST /api/v1/notifications/subscriptions/{id}/confirm", members(422)},

    // Without a filter or a file: refused.
    {"GET /api/v1/curate/places", operators(200)},
    {"GET /api/v1/curate/places/{id}", operators(200)},
    {"PATCH /api/v1/curate/places/{id}", operators(428)},
    {"DELETE /api/v1/curate/places/{id}", operators(204)},
    {"POST /api/v1/curate/places/select", operators(422)},
    {"POST /api/v1/curate/places/import/csv", operators(422)},
    {"POST /api/v1/curate/places/import/json", operators(422)},
    {"GET /api/v1/curate/businesses", operators(200)},
    {"GET /api/v1/curate/businesses/{id}", operators(200)},
    {"PATCH /api/v1/curate/businesses/{id}", operators(428)},
    {"DELETE /api/v1/curate/businesses/{id}", operators(204)},
    {"POST /api/v1/curate/businesses/select", operators(422)},
    {"POST /api/v1/curate/businesses/import/csv", operators(422)},
    {"POST /api/v1/curate/businesses/import/json", operators(422)},
    {"GET /api/v1/curate/domains", operators(200)},
    {"GET /api/v1/curate/domains/{id}", operators(200)},
    {"PATCH /api/v1/curate/domains/{id}", operators(428)},
    {"DELETE /api/v1/curate/domains/{id}", operators(204)},
    {"POST /api/v1/curate/domains/select", operators(422)},
    {"GET /api/v1/curate/sitemaps", operators(200)},
    {"GET /api/v1/curate/sitemaps/{id}", operators(200)},
    {"PATCH /api/v1/curate/sitemaps/{id}", operators(428)},
    {"DELETE /api/v1/curate/sitemaps/{id}", operators(204)},
    {"POST /api/v1/curate/sitemaps/select", operators(422)},
    {"GET /api/v1/curate/pages", operators(200)},
    {"GET /api/v1/curate/pages/{id}", operators(200)},
    {"PATCH /api/v1/curate/pages/{id}", operators(428)},
    {"DELETE /api/v1/curate/pages/{id}", operators(204)},
    {"POST /api/v1/curate/pages/select", operators(422)},
    {"GET /api/v1/curate/contacts", operators(200)},
    {"GET /api/v1/curate/contacts/{id}", operators(200)},

    // The member is named by the channel; the unscoped token is for uploads.
    {"GET /api/v1/channels", signed_in(200)},
    {"POST /api/v1/channels", for_uploads(operators(422))},
    {"GET /api/v1/channels/{id}", members(200)},
    {"PATCH /api/v1/channels/{id}", for_uploads(operators(428), 428)},
    {"GET /api/v1/channels/{id}/next-slot", members(422)},
    {"GET /api/v1/channels/{id}/calendar", members(200)},
    {"GET /api/v1/channels/{id}/uploads", members(200)},
    {"POST /api/v1/channels/{id}/uploads", for_uploads(members(422))},
    {"POST /api/v1/channels/{id}/uploads/batch", for_uploads(members(422))},
    {"POST /api/v1/channels/{id}/uploads/import", for_uploads(members(422))},
    {"GET /api/v1/uploads", signed_in(200)},
    {"GET /api/v1/uploads/now", operators(200)},
    {"GET /api/v1/uploads/{id}", members(200)},
    {"PATCH /api/v1/uploads/{id}", for_uploads(members(428), 428)},
    {"GET /api/v1/uploads/{id}/history", members(200)},
    {"POST /api/v1/uploads/{id}/cancel", for_uploads(members(200), 200)},
    {"POST /api/v1/uploads/{id}/reschedule", for_uploads(members(200), 200)},
    {"POST /api/v1/uploads/{id}/retry", for_uploads(members(200), 200)},
    {"POST /api/v1/uploads/{id}/resolve", for_uploads(members(422))},
    {"GET /api/v1/quota-projects", signed_in(200)},
    {"POST /api/v1/quota-projects", for_uploads(operators(422))},
    {"GET /api/v1/quota-projects/{id}", signed_in(200)},
    {"PATCH /api/v1/quota-projects/{id}", for_uploads(operators(428), 428)},
    {"GET /api/v1/quota-projects/{id}/days", signed_in(200)},
    {"POST /api/v1/quota/recalculate", for_uploads(operators(200), 200)},
    // The member's video and file.
    {"GET /api/v1/media-folders", signed_in(200)},
    {"GET /api/v1/media-folders/{name}", signed_in(404)},
    {"GET /api/v1/videos", signed_in(200)},
    {"POST /api/v1/videos", signed_in(422)},
    {"GET /api/v1/videos/{id}", members(200)},
    {"PATCH /api/v1/videos/{id}", members(428)},
    {"DELETE /api/v1/videos/{id}", members(204)},
    // Without Tus-Resumable.
    {"OPTIONS /api/v1/files", everybody(204)},
    {"POST /api/v1/files", signed_in(412)},
    {"GET /api/v1/files/{id}", members(200)},
    {"PATCH /api/v1/files/{id}", signed_in(412)},
    {"DELETE /api/v1/files/{id}", signed_in(412)},
    {"GET /api/v1/templates", signed_in(200)},
    {"POST /api/v1/templates", operators(422)},
    {"GET /api/v1/templates/{id}", signed_in(200)},
    {"PATCH /api/v1/templates/{id}", operators(428)},
    {"DELETE /api/v1/templates/{id}", operators(204)},
    {"GET /api/v1/templates/{id}/preview", signed_in(200)},

    {"GET /api/v1/queues", operators(200)},
    {"POST /api/v1/queues/{name}/pause", operators(200)},
    {"POST /api/v1/queues/{name}/resume", operators(200)},
    {"GET /api/v1/queues/{name}/items", operators(200)},
    {"GET /api/v1/queues/throughput", operators(200)},
    {"GET /api/v1/queues/{name}/throughput", operators(200)},
    // Without a filter: all items, up to a number.
    {"POST /api/v1/queues/{name}/stop", operators(200)},
    {"POST /api/v1/queues/{name}/retry", operators(200)},
    {"POST /api/v1/queues/{name}/requeue", operators(200)},
    {"POST /api/v1/queues/{name}/drain", operators(200)},
};

}  // namespace fencepost::http::testing
