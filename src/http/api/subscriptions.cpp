// Who is told of what: subscriptions to notifications, and what became of their deliveries.

#include "apps/notify/subscriptions.hpp"

#include <nlohmann/json.hpp>

#include "apps/notify/service.hpp"
#include "base/error.hpp"
#include "connect/webhook/signature.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;
using notify::Channel;
using notify::Subscription;

constexpr const char* kPath = "/api/v1/notifications/subscriptions";

const char* status_of(const Subscription& one) {
  if (!one.address_is_current) return "address_changed";
  if (!one.confirmed) return "unconfirmed";
  return one.enabled ? "active" : "off";
}

json subscription_json(const Subscription& one) {
  const bool email = one.channel == Channel::email;
  return {{"id", one.id},
          {"name", one.name},
          {"channel", email ? "email" : "webhook"},
          {"url", email ? json() : json(one.url)},
          {"address", email ? json(one.address) : json()},
          {"kinds", one.kinds},
          {"queues", one.queues},
          {"enabled", one.enabled},
          {"status", status_of(one)},
          {"created_at", base::format_utc(one.created_at)},
          {"person_id", one.person ? json(*one.person) : json()}};
}

Field kinds_field(bool required) {
  Field field{.name = "kinds",
              .type = FieldType::strings,
              .required = required,
              .description = "what to be told of",
              .example = R"(["item_failed", "item_unknown"])"};
  for (const auto kind : accounts::kNoticeKinds) field.choices.emplace_back(accounts::name(kind));
  return field;
}

Field queues_field(bool required) {
  return {.name = "queues",
          .type = FieldType::strings,
          .required = required,
          .max_length = 63,
          .description = "of these queues alone; none: of all, and of what has no queue",
          .example = R"(["announcements"])",
          .max_items = 50};
}

std::vector<Field> subscription_fields() {
  return {id_field(),
          {.name = "name", .required = true, .example = "\"On call\""},
          {.name = "channel", .required = true, .choices = {"webhook", "email"}},
          {.name = "url", .required = true, .max_length = 2048, .format = Format::uri, .nullable = true},
          {.name = "address", .required = true, .max_length = 254, .format = Format::email, .nullable = true},
          kinds_field(true),
          queues_field(true),
          {.name = "enabled", .type = FieldType::boolean, .required = true, .example = "true"},
          {.name = "status",
           .required = true,
           .description = "address_changed: the person has another address now; subscribe again",
           .choices = {"active", "off", "unconfirmed", "address_changed"}},
          {.name = "created_at", .required = true, .format = Format::date_time},
          {.name = "person_id",
           .type = FieldType::integer,
           .required = true,
           .description = "whose it is; null: the instance's own",
           .example = "1",
           .nullable = true}};
}

std::optional<Subscription> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return notify::get_subscription(connection, id); });
}

Response subscription_response(int status, const Subscription& one) {
  Response response = json_response(status, subscription_json(one));
  response.headers.set("ETag", etag_of(one.version));
  return response;
}

Response list(Services& services, const Request& request) {
  auto all = services.database.retrying([&](store::Connection& connection) {
    return notify::page_of_subscriptions(connection, whose(request), cursor_of(request).value_or(0),
                                         limit_of(request) + 1);
  });
  return page_of(request, std::move(all), subscription_json);
}

// What the request asks for; a secret that was not given is made.
notify::Draft draft_of(Services& services, const Request& request) {
  notify::Draft draft{.name = *text_member(request, "name"),
                      .kinds = texts_member(request, "kinds").value_or(std::vector<std::string>()),
                      .queues = texts_member(request, "queues").value_or(std::vector<std::string>()),
                      .person = request.principal->person,
                      .secret = {}};
  const auto url = text_member(request, "url"), secret = text_member(request, "secret");
  if (*text_member(request, "channel") == "webhook") {
    if (!url) throw base::UserError("invalid_field", "a webhook needs a url");
    draft.url = *url;
    draft.secret = secret ? base::Secret(*secret) : connect::webhook::SigningSecret::generate();
    services.connections.outside().connector("webhook").check(draft.url, {draft.secret});
    return draft;
  }
  if (url || secret)
    throw base::UserError("invalid_field", "e-mail goes to your own address: leave out url and secret");
  draft.channel = Channel::email;
  draft.person = person_of(request);
  if (!services.sends_mail)
    throw base::UserError("mail_not_configured",
                          "this server sends no mail: its operator sets smtp-host and smtp-from");
  draft.secret = notify::new_code();
  return draft;
}

Response create(Services& services, const Request& request) {
  const auto draft = draft_of(services, request);
  auto response = make_once(services, request, [&](store::Connection& connection) {
    const auto made = notify::subscribe(connection, services.vault, draft);
    json body = subscription_json(made);
    if (made.channel == Channel::webhook && !text_member(request, "secret"))
      body["secret"] = draft.secret.reveal();
    Response answer = json_response(201, body);
    answer.headers.set("Location", std::string(kPath) + "/" + std::to_string(made.id));
    answer.headers.set("ETag", etag_of(made.version));
    return answer;
  });
  services.engine.wake(notify::delivery_queue().name);
  return response;
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? subscription_response(200, *found) : not_found(request, "subscription");
}

Response edit(Services& services, const Request& request) {
  const auto seen = find(services, id_of(request));
  if (!seen) return not_found(request, "subscription");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  notify::Edit change{.name = text_member(request, "name")};
  change.kinds = texts_member(request, "kinds");
  change.queues = texts_member(request, "queues");
  if (request.json->contains("enabled")) change.enabled = request.json->at("enabled").get<bool>();
  const bool done = services.database.retrying([&](store::Connection& connection) {
    return notify::edit_subscription(connection, seen->id, seen->version, change);
  });
  const auto now = find(services, seen->id);
  if (!now) return not_found(request, "subscription");
  return done ? subscription_response(200, *now) : version_conflict(request, now->version);
}

Response remove(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool known = services.database.retrying(
      [&](store::Connection& connection) { return notify::unsubscribe(connection, id); });
  return known ? no_content() : not_found(request, "subscription");
}

Response test(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  if (!found) return not_found(request, "subscription");
  if (!found->confirmed || !found->address_is_current)
    return problem(request, 409, "not_confirmed", "nothing is sent there before the address is confirmed");
  auto response = make_once(services, request, [&](store::Connection& connection) {
    const auto id = notify::send_test(connection, found->id);
    return json_response(202, {{"answer", "queued"}, {"delivery_id", id}});
  });
  services.engine.wake(notify::delivery_queue().name);
  return response;
}

Response confirm(Services& services, const Request& request) {
  const auto id = id_of(request);
  return make_once(services, request, [&](store::Connection& connection) {
    const auto answer = notify::confirm(connection, services.vault, id, *text_member(request, "code"));
    if (answer == notify::Confirmed::not_found) return not_found(request, "subscription");
    if (answer == notify::Confirmed::wrong)
      return problem(request, 409, "wrong_code", "this is not the code that was sent to the address");
    return json_response(200, {{"answer", "confirmed"}});
  });
}

Response deliveries(Services& services, const Request& request) {
  const auto id = id_of(request);
  if (!find(services, id)) return not_found(request, "subscription");
  auto all = services.database.retrying([&](store::Connection& connection) {
    return notify::page_of_deliveries(connection, id, cursor_of(request), limit_of(request) + 1);
  });
  return page_of(request, std::move(all), [](const auto& one) -> json {
    return {{"id", one.id},
            {"webhook_id", one.message_id},
            {"kind", one.kind},
            {"notices", one.notices},
            {"status", one.status},
            {"attempts", one.attempts},
            {"last_error", text_or_null(one.last_error)},
            {"due_at", base::format_utc(one.run_at)},
            {"created_at", base::format_utc(one.created_at)}};
  });
}

std::vector<Field> delivery_fields() {
  return {id_field(),
          {.name = "webhook_id",
           .required = true,
           .description = "the same at every attempt",
           .example = "\"msg_6f1d\""},
          {.name = "kind", .required = true, .choices = {"digest", "test", "confirm"}},
          {.name = "notices", .type = FieldType::integer, .required = true, .example = "3"},
          {.name = "status", .required = true, .choices = {"queued", "delivered", "failed", "stopped"}},
          {.name = "attempts", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "last_error", .required = true, .nullable = true},
          {.name = "due_at", .required = true, .format = Format::date_time},
          {.name = "created_at", .required = true, .format = Format::date_time}};
}

Route create_route() {
  Route route{
      .method = "POST", .pattern = kPath, .access = Access::signed_in(Scope::announce), .limit = kSeldom};
  route.summary = "Subscribes to notifications; an address is confirmed by a code that is sent to it";
  route.fields = {{.name = "name", .required = true, .example = "\"On call\"", .min_length = 1},
                  {.name = "channel",
                   .required = true,
                   .description = "email goes to your own address",
                   .choices = {"webhook", "email"}},
                  {.name = "url",
                   .max_length = 2048,
                   .format = Format::uri,
                   .description = "webhook: what is posted to",
                   .example = "\"https://example.com/hook\""},
                  {.name = "secret",
                   .description = "webhook: signs what is posted (Standard Webhooks); made where not given",
                   .example = "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
                   .nullable = true},
                  kinds_field(true),
                  queues_field(false)};
  auto answer = subscription_fields();
  answer.push_back({.name = "secret", .description = "shown this once, where it was made here"});
  route.answers = {
      {201, "subscribed", std::move(answer)},
      {403, "forbidden", {}},
      {409, "no_person, mail_not_configured or too_many_subscriptions", {}},
      {422, "invalid_field, invalid_name, invalid_kinds, invalid_destination or invalid_secret", {}}};
  return route;
}

Route edit_route() {
  Route route{.method = "PATCH",
              .pattern = std::string(kPath) + "/{id}",
              .access = Access::own(Thing::subscription, Scope::announce),
              .limit = kWrites};
  route.summary = "Changes a subscription; switched off, it loses what waits for it";
  route.fields = {{.name = "name", .example = "\"On call\"", .min_length = 1},
                  kinds_field(false),
                  queues_field(false),
                  {.name = "enabled", .type = FieldType::boolean, .example = "false"}};
  route.headers = {if_match()};
  route.answers = {{200, "changed", subscription_fields()},
                   {404, "not_found", {}},
                   {412, "version_conflict: somebody was faster", {}},
                   {422, "invalid_field, invalid_name or invalid_kinds", {}}};
  return route;
}
}  // namespace

void add_subscriptions(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  const auto one = std::string(kPath) + "/{id}";
  add({.method = "GET",
       .pattern = kPath,
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of members their own", page_fields(subscription_fields())}},
       .summary = "Subscriptions to notifications"},
      list);
  add(create_route(), create);
  add({.method = "GET",
       .pattern = one,
       .access = Access::own(Thing::subscription, Scope::read),
       .limit = kReads,
       .answers = {{200, "the subscription, without its secret", subscription_fields()},
                   {404, "not_found", {}}},
       .summary = "One subscription"},
      show);
  add(edit_route(), edit);
  add({.method = "DELETE",
       .pattern = one,
       .access = Access::own(Thing::subscription, Scope::announce),
       .limit = kWrites,
       .answers = {{204, "deleted, its secret forgotten, what waited for it stopped", {}},
                   {404, "not_found", {}}},
       .summary = "Ends a subscription"},
      remove);
  add({.method = "GET",
       .pattern = one + "/deliveries",
       .access = Access::own(Thing::subscription, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the newest first", page_fields(delivery_fields())}, {404, "not_found", {}}},
       .summary = "What was delivered, what waits, what was given up and why"},
      deliveries);
  add({.method = "POST",
       .pattern = one + "/test",
       .access = Access::own(Thing::subscription, Scope::announce),
       .limit = kSeldom,
       .answers = {{202,
                    "queued",
                    {{.name = "answer", .required = true, .choices = {"queued"}},
                     {.name = "delivery_id", .type = FieldType::integer, .required = true, .example = "1"}}},
                   {404, "not_found", {}},
                   {409, "not_confirmed", {}}},
       .summary = "Sends a test"},
      test);
  add({.method = "POST",
       .pattern = one + "/confirm",
       .access = Access::own(Thing::subscription, Scope::announce),
       .limit = kSeldom,
       .fields = {{.name = "code", .required = true, .max_length = 64, .example = "\"6f1d0c…\""}},
       .answers = {{200, "confirmed", {{.name = "answer", .required = true, .choices = {"confirmed"}}}},
                   {404, "not_found", {}},
                   {409, "wrong_code", {}}},
       .summary = "Confirms an e-mail address by the code that was sent to it"},
      confirm);
}

}  // namespace fencepost::http
