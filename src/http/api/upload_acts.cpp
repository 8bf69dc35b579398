// What people do with an upload: change, cancel, reschedule, retry, resolve. Every answer says what is
// certain.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "core/local_time.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/upload_json.hpp"

namespace fencepost::http {

namespace {
using core::ResolveAnswer;
using core::StopAnswer;
using upload::MoveResult;
using upload::RetryResult;
using upload::Upload;

Response refused_in_flight(const Request& request) {
  return problem(request, 409, "in_flight",
                 "its last piece is on the way: wait for its outcome, then look again");
}

Response refused_unknown(const Request& request) {
  return problem(
      request, 409, "outcome_unknown",
      "its last piece was sent, and nobody knows whether the video is there: look at the channel, then "
      "resolve it: it happened, or it did not");
}

Response refused_uploaded(const Request& request, const std::optional<Upload>& upload) {
  nlohmann::json extra = nlohmann::json::object();
  if (upload)
    extra = {{"post_id", text_or_null(upload->post_id)}, {"post_url", text_or_null(upload->post_url)}};
  return problem(request, 409, "already_uploaded", "the video is uploaded already", extra);
}

// A time of the channel's zone, or of an offset.
std::optional<base::Micros> at_of(Services& services, const Request& request) {
  const auto at = text_member(request, "at");
  if (!at) return std::nullopt;
  const auto zone = services.database.retrying([&](store::Connection& connection) -> std::string {
    const auto found = upload::get_upload(connection, id_of(request));
    const auto channel = found ? upload::get_channel(connection, found->channel_id) : std::nullopt;
    return channel ? channel->zone : "UTC";
  });
  return core::parse_time(*at, zone);
}

Response edit(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto seen = services.uploads.get(id);
  if (!seen) return not_found(request, "upload");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto [result, now, refused] =
      services.uploads.edit(id, seen->version, metadata_of(*request.json, seen->metadata), actor_of(request));
  switch (result) {
    case MoveResult::moved:
      return upload_response(200, now ? *now : *seen);
    case MoveResult::version_conflict:
      return version_conflict(request, (now ? *now : *seen).version);
    case MoveResult::in_flight:
      return refused_in_flight(request);
    case MoveResult::outcome_unknown:
      return refused_unknown(request);
    case MoveResult::already_uploaded:
      return refused_uploaded(request, now);
    case MoveResult::not_scheduled:
    case MoveResult::refused:
    case MoveResult::not_found:
      break;
  }
  return not_found(request, "upload");
}

// rule 7
Response cancel(Services& services, const Request& request) {
  const auto id = id_of(request);
  switch (services.uploads.cancel(id, actor_of(request))) {
    case StopAnswer::prevented:
      return upload_acted(200, "prevented", services.uploads.get(id));
    case StopAnswer::already_stopped:
      return upload_acted(200, "already_stopped", services.uploads.get(id));
    case StopAnswer::in_flight:
      return upload_acted(202, "in_flight", services.uploads.get(id));
    case StopAnswer::outcome_unknown:
      return refused_unknown(request);
    case StopAnswer::already_done:
      return refused_uploaded(request, services.uploads.get(id));
    case StopAnswer::not_found:
      break;
  }
  return not_found(request, "upload");
}

Response reschedule(Services& services, const Request& request) {
  const upload::When when{at_of(services, request)};
  const auto [result, now, refused] =
      services.uploads.reschedule(id_of(request), number_member(request, "version"), when, actor_of(request));
  switch (result) {
    case MoveResult::moved:
      return upload_acted(200, "moved", now);
    case MoveResult::refused:
      return refused_place(request, *refused);
    case MoveResult::version_conflict:
      return problem(request, 409, "version_conflict", "it was changed since: read it again");
    case MoveResult::not_scheduled:
      return problem(request, 409, "not_scheduled", "it failed or was cancelled: retry it");
    case MoveResult::in_flight:
      return refused_in_flight(request);
    case MoveResult::outcome_unknown:
      return refused_unknown(request);
    case MoveResult::already_uploaded:
      return refused_uploaded(request, now);
    case MoveResult::not_found:
      break;
  }
  return not_found(request, "upload");
}

Response retry(Services& services, const Request& request) {
  std::optional<upload::When> when;
  if (const auto at = at_of(services, request)) when = upload::When{at};
  if (flag_member(request, "next_free").value_or(false)) {
    if (when) return problem(request, 422, "invalid_field", "give `at`, or next_free, and not both");
    when = upload::When{};
  }
  const auto [result, now, refused] = services.uploads.retry(id_of(request), when, actor_of(request));
  switch (result) {
    case RetryResult::scheduled:
      return upload_acted(200, "scheduled", now);
    case RetryResult::already_scheduled:
      return upload_acted(200, "already_scheduled", now);
    case RetryResult::refused:
      return refused_place(request, *refused);
    case RetryResult::in_flight:
      return refused_in_flight(request);
    case RetryResult::outcome_unknown:
      return refused_unknown(request);
    case RetryResult::already_uploaded:
      return refused_uploaded(request, now);
    case RetryResult::not_found:
      break;
  }
  return not_found(request, "upload");
}

Response resolve(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool happened = *text_member(request, "outcome") == "happened";
  const auto post_id = text_member(request, "post_id").value_or("");
  const auto post_url = text_member(request, "post_url").value_or("");
  if (!happened && !(post_id.empty() && post_url.empty()))
    return problem(request, 422, "invalid_field",
                   "what did not happen has no post_id and no post_url: leave them out");
  switch (services.uploads.resolve(id, happened, actor_of(request), post_id, post_url)) {
    case ResolveAnswer::resolved:
      return upload_acted(200, "resolved", services.uploads.get(id));
    case ResolveAnswer::not_unknown:
      return problem(request, 409, "not_unknown", "its outcome is known: there is nothing to resolve");
    case ResolveAnswer::in_flight:
      return refused_in_flight(request);
    case ResolveAnswer::too_early:
      return problem(request, 409, "too_early",
                     "the last piece may still arrive: wait until its deadline has passed, then look again");
    case ResolveAnswer::not_found:
      break;
  }
  return not_found(request, "upload");
}

Route act(const char* name, const char* summary) {
  Route route{.method = "POST",
              .access = Access::of(Thing::upload, Relation::host, Scope::upload),
              .limit = kWrites,
              .summary = summary};
  route.pattern = std::string("/api/v1/uploads/{id}/") + name;
  return route;
}

Field at_field(const char* otherwise) {
  return {.name = "at",
          .max_length = 40,
          .description = std::string("when it becomes public, in the channel's zone or with an offset; ") +
                         otherwise + " where not given",
          .example = "\"2026-11-25T14:00\""};
}

constexpr const char* kPlaceRefused =
    "slot_taken, day_full, kind_full, quota_full, slot_past, beyond_horizon, no_free_slot (with next_free), "
    "in_flight, outcome_unknown, already_uploaded (with post_id and post_url)";

Route cancel_route() {
  auto route = act("cancel", "Prevents the video from appearing, or says why that is too late");
  route.answers = {{200, "no video appears; what it held is free again",
                    upload_acted_fields({"prevented", "already_stopped"})},
                   {202, "its last piece is on the way; it is not tried again if that fails",
                    upload_acted_fields({"in_flight"})},
                   {404, "not_found", {}},
                   {409, "already_uploaded (with post_id and post_url) or outcome_unknown", {}}};
  return route;
}

Route reschedule_route() {
  auto route = act("reschedule", "Moves it to another slot, with all that it holds, or not at all");
  route.fields = {at_field("the next free slot"),
                  {.name = "version",
                   .type = FieldType::integer,
                   .description = "only if it is this one",
                   .example = "1",
                   .minimum = 1}};
  route.answers = {{200, "it has its new slot", upload_acted_fields({"moved"})},
                   {404, "not_found", {}},
                   {409, std::string(kPlaceRefused) + ", not_scheduled or version_conflict", {}},
                   {422, "invalid_time or unknown_kind", {}},
                   {503, "busy: others hold what it needs; nothing was moved", {}}};
  return route;
}

Route retry_route() {
  auto route = act("retry", "Schedules one that failed or was cancelled anew");
  route.fields = {at_field("its old time"),
                  {.name = "next_free",
                   .type = FieldType::boolean,
                   .description = "true: the next free slot",
                   .example = "true"}};
  route.answers = {{200, "it holds everything anew", upload_acted_fields({"scheduled", "already_scheduled"})},
                   {404, "not_found", {}},
                   {409, std::string(kPlaceRefused) + ", duplicate_upload or channel_disabled", {}},
                   {422, "invalid_time, invalid_field or unknown_kind", {}},
                   {503, "busy: others hold what it needs; nothing was taken", {}}};
  return route;
}

Route resolve_route() {
  auto route = act("resolve", "A person's word on one whose outcome nobody knows");
  route.fields = {{.name = "outcome", .required = true, .choices = {"happened", "did_not_happen"}},
                  {.name = "post_id", .max_length = 100, .example = "\"dQw4w9WgXcQ\""},
                  {.name = "post_url", .max_length = 2000, .format = Format::uri}};
  route.answers = {{200, "recorded", upload_acted_fields({"resolved"})},
                   {404, "not_found", {}},
                   {409, "not_unknown, in_flight or too_early", {}},
                   {422, "invalid_field", {}}};
  return route;
}
}  // namespace

void add_upload_acts(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) {
      return act_once(services, request, [&] { return handler(services, request); });
    };
    routes.push_back(std::move(route));
  };
  routes.push_back(
      {.method = "PATCH",
       .pattern = "/api/v1/uploads/{id}",
       .access = Access::of(Thing::upload, Relation::host, Scope::upload),
       .limit = kWrites,
       .fields = metadata_body(),
       .headers = {if_match()},
       .answers = {{200, "changed", upload_fields()},
                   {404, "not_found", {}},
                   {409, "in_flight, outcome_unknown or already_uploaded", {}},
                   {412, "version_conflict: somebody was faster", {}},
                   {422, "invalid_title, invalid_description, invalid_tags or invalid_field", {}}},
       .summary = "Changes what YouTube is told of a video that is not uploaded",
       .handler = [&services](const Request& request) { return edit(services, request); }});
  add(cancel_route(), cancel);
  add(reschedule_route(), reschedule);
  add(retry_route(), retry);
  add(resolve_route(), resolve);
}

}  // namespace fencepost::http
