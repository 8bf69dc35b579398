// What the scheduler of announcements is about: what is due, late, at work, and what comes next.

#include <nlohmann/json.hpp>

#include "apps/announce/gate.hpp"
#include "base/error.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"
#include "http/api/episode_json.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

namespace {
using announce::Announcement;
using nlohmann::json;

Response status(Services& services, const Request&) {
  return services.database.retrying([&](store::Connection& connection) {
    const auto& name = announcement_fence(services).queue().name;
    const auto now = announce::schedule_now(connection);
    bool paused = false;
    for (const auto& row : connection.run(store::sql::queues))
      if (row[0].text() == name) paused = row[2].boolean();
    return json_response(200, {{"queue", name},
                               {"paused", paused},
                               {"due", now.due},
                               {"late", now.late},
                               {"pending", now.pending},
                               {"in_flight", now.in_flight},
                               {"unknown", now.unknown},
                               {"next_at", time_or_null(now.next)}});
  });
}

// A position is a time and an id: "1795000000000000 7".
Response due(Services& services, const Request& request) {
  base::Micros after = 0;
  std::int64_t after_id = 0;
  if (const auto position = position_of(request)) {
    const auto space = position->find(' ');
    const auto time = positive(position->substr(0, space));
    const auto id = space == std::string::npos ? std::nullopt : positive(position->substr(space + 1));
    if (!time || !id)
      throw base::UserError("invalid_cursor",
                            "this is no cursor: take `next` of the page before, or leave it out");
    after = *time;
    after_id = *id;
  }
  const auto limit = limit_of(request);
  auto all = services.announcements.due(after, after_id, limit + 1, whose(request));
  std::optional<std::string> next;
  if (all.size() > static_cast<std::size_t>(limit)) {
    all.pop_back();
    next = std::to_string(all.back().run_at) + ' ' + std::to_string(all.back().id);
  }
  json items = json::array();
  for (const auto& one : all) items.push_back(announcement_json(one));
  return page_response(std::move(items), next);
}

json rules_json(const connect::ImageRules& rules) {
  const auto most = [](std::int64_t limit) { return limit > 0 ? json(limit) : json(); };
  return {{"types", rules.types},
          {"bytes", most(rules.bytes)},
          {"gif_bytes", most(rules.gif_bytes > 0 ? rules.gif_bytes : rules.bytes)},
          {"all_bytes", most(rules.all_bytes)},
          {"pixels", most(rules.pixels)},
          {"alt_length", most(rules.alt_length)},
          {"gif_alone", rules.gif_alone},
          {"why_none", text_or_null(rules.why_none)}};
}

// As it stands on its platform, where it has left; else as it would, were it posted now: as it is stored, or
// with words that are being written.
Response preview(Services& services, const Request& request) {
  const auto id = id_of(request);
  std::optional<announce::ToPublish> item;
  std::optional<connect::Rendered> sent;
  std::optional<accounts::ConnectionInfo> account;
  std::vector<connect::ImageFacts> facts;
  services.database.retrying([&](store::Connection& connection) {
    item = announce::to_publish(connection, id);
    sent = announce::sent(connection, id);
    facts.clear();
    for (const auto& [of, image] : announce::images_of(connection, {{id}})) facts.push_back(image.facts);
    if (item) account = accounts::get_connection(connection, item->connection_id);
    return 0;
  });
  if (!item || !account) return not_found(request, "announcement");
  if (const auto text = request.query.find("text"); text != request.query.end()) item->text = text->second;
  auto words = announce::words_of(*item);
  const connect::Account who{account->target, account->account_id, account->account_name, account->facts};
  const auto& connector = services.connections.outside().connector(item->platform);
  if (sent) words = {connector.text_of(*sent), ""};
  const auto fitted = connector.fit({words.text, words.url}, who);
  const auto rules = connector.image_rules(who);
  std::string problem;
  try {
    connect::check_images(facts, rules);
  } catch (const base::UserError& error) {
    problem = error.what();
  }
  const auto why = sent ? std::nullopt : announce::obstacle(*item);
  return json_response(200, {{"text", fitted.text},
                             {"sent", sent.has_value()},
                             {"platform", item->platform},
                             {"length", fitted.length},
                             {"limit", fitted.limit > 0 ? json(fitted.limit) : json()},
                             {"shortened", fitted.shortened},
                             {"images", facts.size()},
                             {"most_images", rules.images},
                             {"images_problem", text_or_null(problem)},
                             {"image_rules", rules_json(rules)},
                             {"obstacle", why ? json(why->code) : json()},
                             {"why", why ? json(why->text) : json()}});
}

std::vector<Field> status_fields() {
  return {{.name = "queue", .required = true, .example = "\"announcements\""},
          {.name = "paused",
           .type = FieldType::boolean,
           .required = true,
           .description = "by an operator: nothing is claimed and no send begins"},
          count_field("due", "to go out now"),
          count_field("late", "of these, for more than a minute"),
          count_field("pending", "until their triggers have come"),
          count_field("in_flight", "being sent"),
          count_field("unknown", "sent, and nobody knows whether they were posted"),
          {.name = "next_at",
           .required = true,
           .format = Format::date_time,
           .description = "when the next one goes out",
           .nullable = true}};
}

Field rules_field() {
  const auto most = [](const char* name, const char* description) {
    return Field{.name = name,
                 .type = FieldType::integer,
                 .required = true,
                 .description = description,
                 .nullable = true};
  };
  return {.name = "image_rules",
          .type = FieldType::object,
          .required = true,
          .description = "what the platform takes of images; null: any",
          .fields = {{.name = "types",
                      .type = FieldType::strings,
                      .required = true,
                      .description = "media types; none: any",
                      .example = "[\"image/jpeg\", \"image/png\"]"},
                     most("bytes", "of each"),
                     most("gif_bytes", "of each that is a GIF"),
                     most("all_bytes", "of all of a post"),
                     most("pixels", "of each, width times height"),
                     most("alt_length", "characters of a description"),
                     {.name = "gif_alone",
                      .type = FieldType::boolean,
                      .required = true,
                      .description = "a GIF goes by itself"},
                     {.name = "why_none",
                      .required = true,
                      .description = "what to do where none are taken",
                      .nullable = true}}};
}

std::vector<Field> preview_fields() {
  return {{.name = "text", .required = true, .max_length = 10000, .example = "\"Night Talk is live: Pilot\""},
          {.name = "sent",
           .type = FieldType::boolean,
           .required = true,
           .description = "it left like this: it is being sent, was posted, or nobody knows"},
          {.name = "platform", .required = true, .example = "\"webhook\""},
          count_field("length", "as the platform counts"),
          {.name = "limit",
           .type = FieldType::integer,
           .required = true,
           .description = "the platform's; null: none",
           .example = "300",
           .nullable = true},
          {.name = "shortened", .type = FieldType::boolean, .required = true},
          count_field("images", "that go with it"),
          count_field("most_images", "that the platform takes; 0: none"),
          {.name = "images_problem",
           .required = true,
           .description = "why the platform takes these images not",
           .nullable = true},
          rules_field(),
          {.name = "obstacle",
           .required = true,
           .description = "what forbids it now: show_disabled, needs_approval, not_a_member, stream_ended or "
                          "deadline_passed",
           .nullable = true},
          {.name = "why", .required = true, .nullable = true}};
}
}  // namespace

void add_scheduler(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/scheduler",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .answers = {{200, "of all shows, at this moment", status_fields()}},
       .summary = "How the scheduler of announcements stands"},
      status);
  add({.method = "GET",
       .pattern = "/api/v1/scheduler/due",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the soonest first; of members their own",
                    page_fields(announcement_fields())}},
       .summary = "What goes out next"},
      due);
  add({.method = "GET",
       .pattern = "/api/v1/announcements/{id}/preview",
       .access = Access::of(Thing::announcement, Relation::host, Scope::read),
       .limit = kReads,
       .query = {{.name = "text",
                  .max_length = 3000,
                  .description = "a draft in the place of its own text, while nothing of it has left; empty: "
                                 "as if it had none",
                  .example = "\"{show} is live\""}},
       .answers = {{200, "as it was sent, or as it would be posted now", preview_fields()},
                   {404, "not_found", {}},
                   {422, "invalid_text", {}}},
       .summary = "How an announcement looks on its platform"},
      preview);
}

}  // namespace fencepost::http
