// What people do with an announcement: disable, enable, post now, resolve. Every answer says what is certain.

#include <nlohmann/json.hpp>

#include "accounts/shows.hpp"
#include "apps/announce/episodes.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
using announce::Announcement;
using announce::ApproveResult;
using announce::EnableResult;
using core::ResolveAnswer;
using core::RunNowAnswer;
using core::StopAnswer;

bool has_outcome(const Announcement& announcement) {
  return announcement.status == "posted" || announcement.status == "failed" ||
         announcement.status == "unknown" || announcement.status == "disabled";
}

// rule 7. `again`: this is the second look, after the effect that was open had its outcome; what is stopped
// now was stopped by this very request.
Response stop_response(Services& services, const Request& request, std::int64_t id, StopAnswer answer,
                       bool again) {
  switch (answer) {
    case StopAnswer::prevented:
      return acted(200, "prevented", services.announcements.get(id));
    case StopAnswer::already_stopped:
      return acted(200, again ? "prevented" : "already_stopped", services.announcements.get(id));
    case StopAnswer::in_flight:
      return acted(202, "in_flight", services.announcements.get(id));
    case StopAnswer::outcome_unknown:
      return refused_unknown(request);
    case StopAnswer::already_done:
      return refused_posted(request, services.announcements.get(id));
    case StopAnswer::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response disable(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto wait = wait_of(request, base::Duration(0));
  const auto answer = services.announcements.disable(id, actor_of(request));
  if (answer != StopAnswer::in_flight || wait.count() == 0)
    return stop_response(services, request, id, answer, false);
  services.announcements.wait_settled(id, wait);
  return stop_response(services, request, id, services.announcements.disable(id, actor_of(request)), true);
}

Response enable(Services& services, const Request& request) {
  const auto id = id_of(request);
  switch (services.announcements.enable(id, actor_of(request))) {
    case EnableResult::enabled:
      return acted(200, "enabled", services.announcements.get(id));
    case EnableResult::already_enabled:
      return acted(200, "already_enabled", services.announcements.get(id));
    case EnableResult::in_flight:
      return refused_in_flight(request);
    case EnableResult::outcome_unknown:
      return refused_unknown(request);
    case EnableResult::already_posted:
      return refused_posted(request, services.announcements.get(id));
    case EnableResult::too_late:
      return problem(request, 409, "too_late",
                     "its time is long past: give it another one first, or post it now");
    case EnableResult::not_found:
      break;
  }
  return not_found(request, "announcement");
}

// rule 8: of N callers exactly one is told `started`.
Response post_now(Services& services, const Request& request) {
  const auto wait = wait_of(request, std::chrono::seconds(5));
  const auto [answer, now] = services.announcements.post_now(id_of(request), actor_of(request), wait);
  switch (answer) {
    case RunNowAnswer::started:
      return acted(now && has_outcome(*now) ? 200 : 202, "started", now);
    case RunNowAnswer::already_running:
      return problem(request, 409, "already_running", "it is being posted already: wait for its outcome");
    case RunNowAnswer::already_done:
      return refused_posted(request, now);
    case RunNowAnswer::outcome_unknown:
      return refused_unknown(request);
    case RunNowAnswer::stopped:
    case RunNowAnswer::disabled:
      return problem(request, 409, "disabled", "it is disabled: enable it first");
    case RunNowAnswer::paused:
      return problem(request, 409, "paused",
                     "announcements are paused: an operator resumes them (fencepost queue resume "
                     "announcements)");
    case RunNowAnswer::limit_reached: {
      auto response = problem(request, 409, "limit_reached",
                              "as many as may be are at work already: it stays queued, or try again");
      response.headers.set("Retry-After", "1");
      return response;
    }
    case RunNowAnswer::not_found:
      break;
  }
  return not_found(request, "announcement");
}

// Of the show's admins alone: nobody approves their own words by being their author.
Response approve(Services& services, const Request& request) {
  const auto id = id_of(request);
  const Principal& who = *request.principal;
  const auto role = services.database.retrying([&](store::Connection& connection) {
    const auto show = announce::show_of(connection, id);
    return show ? accounts::show_role(connection, who, *show) : std::nullopt;
  });
  if (role != accounts::ShowRole::admin)
    return problem(request, 403, "forbidden", "only admins of its show approve an announcement");
  const auto version = request.json->at("version").get<std::int64_t>();
  const auto [result, now] = services.announcements.approve(id, version, actor_of(request));
  switch (result) {
    case ApproveResult::approved:
      return acted(200, "approved", now);
    case ApproveResult::already_approved:
      return acted(200, "already_approved", now);
    case ApproveResult::version_conflict:
      return problem(request, 409, "version_conflict",
                     "it was changed since: read it again, then approve that");
    case ApproveResult::in_flight:
      return refused_in_flight(request);
    case ApproveResult::outcome_unknown:
      return refused_unknown(request);
    case ApproveResult::already_posted:
      return refused_posted(request, now);
    case ApproveResult::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response resolve(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool happened = *text_member(request, "outcome") == "happened";
  const auto post_url = text_member(request, "post_url").value_or("");
  if (!happened && !post_url.empty())
    return problem(request, 422, "invalid_field", "what did not happen has no post_url: leave it out");
  switch (services.announcements.resolve(id, happened, actor_of(request), post_url)) {
    case ResolveAnswer::resolved:
      return acted(200, "resolved", services.announcements.get(id));
    case ResolveAnswer::not_unknown:
      return problem(request, 409, "not_unknown", "its outcome is known: there is nothing to resolve");
    case ResolveAnswer::in_flight:
      return refused_in_flight(request);
    case ResolveAnswer::too_early:
      return problem(request, 409, "too_early",
                     "the request may still arrive: wait until its deadline has passed, then look again");
    case ResolveAnswer::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Route act(const char* name, const char* summary) {
  Route route{.method = "POST",
              .access = Access::own(Thing::announcement, Scope::announce),
              .limit = kWrites,
              .summary = summary};
  route.pattern = std::string("/api/v1/announcements/{id}/") + name;
  return route;
}

Route disable_route() {
  Route route = act("disable", "Prevents it from being posted, or says why that is too late");
  route.access = Access::of(Thing::announcement, Relation::admin, Scope::announce);
  route.query = {wait_field("seconds to wait for the outcome of what is being sent; 0 where not given")};
  route.answers = {
      {200, "nothing will be posted until it is enabled", acted_fields({"prevented", "already_stopped"})},
      {202, "it is being sent; it is not tried again if that fails", acted_fields({"in_flight"})},
      {404, "not_found", {}},
      {409, "already_posted (with post_id and post_url) or outcome_unknown", {}}};
  return route;
}

Route post_now_route() {
  Route route = act("post-now", "Posts it at once; of several callers exactly one is told `started`");
  route.query = {wait_field("seconds to wait for the outcome; 5 where not given")};
  route.answers = {
      {200, "started, and the announcement shows the outcome", acted_fields({"started"})},
      {202, "started; the outcome is not known yet", acted_fields({"started"})},
      {404, "not_found", {}},
      {409,
       "already_running, already_posted (with post_id and post_url), outcome_unknown, disabled, paused; of "
       "an episode's also show_disabled, needs_approval, not_a_member, stream_ended or deadline_passed",
       {}}};
  route.person_limit = RateLimit{5, std::chrono::seconds(60)};
  return route;
}

Route enable_route() {
  Route route = act("enable", "Lets a disabled or failed one be posted at its time");
  route.answers = {
      {200, "it will be posted at its time", acted_fields({"enabled", "already_enabled"})},
      {404, "not_found", {}},
      {409,
       "in_flight, outcome_unknown, already_posted or too_late; of an episode's also not_a_member, "
       "stream_ended or deadline_passed",
       {}}};
  return route;
}

Route approve_route() {
  Route route = act("approve", "An admin's word that this version may go out");
  route.access = Access::of(Thing::announcement, Relation::admin, Scope::announce);
  route.fields = {{.name = "version",
                   .type = FieldType::integer,
                   .required = true,
                   .description = "that was seen",
                   .example = "1",
                   .minimum = 1}};
  route.answers = {{200, "approved", acted_fields({"approved", "already_approved"})},
                   {403, "forbidden: whose it is does not approve it", {}},
                   {404, "not_found", {}},
                   {409, "version_conflict, in_flight, outcome_unknown or already_posted", {}}};
  return route;
}

Route resolve_route() {
  Route route = act("resolve", "A person's word on an unknown outcome");
  route.fields = {{.name = "outcome", .required = true, .choices = {"happened", "did_not_happen"}},
                  {.name = "post_url",
                   .max_length = 2048,
                   .format = Format::uri,
                   .description = "where it was seen",
                   .nullable = true}};
  route.answers = {{200, "recorded", acted_fields({"resolved"})},
                   {404, "not_found", {}},
                   {409, "not_unknown, in_flight or too_early", {}}};
  return route;
}
}  // namespace

void add_announcement_acts(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) {
      return act_once(services, request, [&] { return handler(services, request); });
    };
    routes.push_back(std::move(route));
  };
  add(disable_route(), disable);
  add(enable_route(), enable);
  add(post_now_route(), post_now);
  add(approve_route(), approve);
  add(resolve_route(), resolve);
}

}  // namespace fencepost::http
