// Throughput: how the attempts of the queues ended, by time, as the engines of all instances have counted
// them.

#include "store/throughput.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

namespace {
using base::Micros;
using nlohmann::json;

constexpr std::int64_t kMinute = 60;        // seconds
constexpr std::int64_t kMostSteps = 1'500;  // a day of minutes
constexpr Micros kSecond = 1'000'000;

struct Range {
  Micros from, to;
  base::Duration step;
};

// Where nothing is given: the last hour of the database's time, in minutes.
Range range_of(const Request& request, Micros now) {
  const auto given = [&](const char* name) {
    const auto at = request.query.find(name);
    return at == request.query.end() ? nullptr : &at->second;
  };
  const auto* seconds = given("step_seconds");
  const std::int64_t step = (seconds ? std::stoll(*seconds) : kMinute) * kSecond;
  if (step % (kMinute * kSecond) != 0)
    throw base::UserError("invalid_field", "step_seconds is a multiple of 60: minutes are what is counted");
  const auto down = [&](Micros at) { return at / step * step; };
  const auto* to = given("to");
  const auto* from = given("from");
  const Micros end = down((to ? base::parse_utc(*to) : now) + step - 1);
  const Micros begin = down(from ? base::parse_utc(*from) : end - std::max(step, 60 * kMinute * kSecond));
  if (begin >= end) throw base::UserError("invalid_field", "`from` must lie before `to`");
  if ((end - begin) / step > kMostSteps)
    throw base::UserError("invalid_field", "that is more than " + std::to_string(kMostSteps) +
                                               " steps: give a greater step_seconds, or less time");
  return {begin, end, base::Duration(step)};
}

json step_json(const store::EndedIn& one) {
  return {{"from", base::format_utc(one.from)},
          {"done", one.ended.done},
          {"failed", one.ended.failed},
          {"retried", one.ended.retried},
          {"unknown", one.ended.unknown}};
}

json range_json(const Range& range) {
  return {{"from", base::format_utc(range.from)},
          {"to", base::format_utc(range.to)},
          {"step_seconds", range.step.count() / kSecond}};
}

// Reads the steps of one queue, or of all ("").
std::pair<Range, std::vector<store::EndedIn>> read(Services& services, const Request& request,
                                                   const std::string& queue) {
  return services.database.retrying([&](store::Connection& connection) {
    const auto range = range_of(request, connection.run(store::sql::now)[0][0].integer());
    return std::pair(range, store::throughput(connection, queue, range.from, range.to, range.step));
  });
}

Response of_one(Services& services, const Request& request) {
  const auto* fence = queue_of(services, request);
  if (fence == nullptr) return not_found(request, "queue");
  const auto [range, found] = read(services, request, fence->queue().name);
  auto body = range_json(range);
  body["name"] = fence->queue().name;
  body["steps"] = json::array();
  for (const auto& one : found) body["steps"].push_back(step_json(one));
  return json_response(200, body);
}

Response of_all(Services& services, const Request& request) {
  const auto [range, found] = read(services, request, "");
  std::map<std::string, json> steps;
  for (const auto& fence : services.queues) steps[fence.queue().name] = json::array();
  for (const auto& one : found)
    if (const auto at = steps.find(one.queue); at != steps.end()) at->second.push_back(step_json(one));
  auto body = range_json(range);
  body["queues"] = json::array();
  for (auto& [name, of] : steps) body["queues"].push_back({{"name", name}, {"steps", std::move(of)}});
  return json_response(200, body);
}

Field steps_field() {
  Field steps{.name = "steps",
              .type = FieldType::objects,
              .required = true,
              .description = "from the earliest on; steps in which nothing ended are left out",
              .max_items = kMostSteps};
  steps.fields = {
      time_field("from", "the beginning of the step"),
      count_field("done", "attempts that did what was asked"),
      count_field("failed", "attempts after which the item failed for good"),
      count_field("retried", "attempts that failed for now: tried again, unless somebody stopped it"),
      count_field("unknown", "attempts of which nobody knew; found out later, they count once more")};
  return steps;
}

Field name_field() { return {.name = "name", .required = true, .example = "\"announcements\""}; }

std::vector<Field> with_range(std::vector<Field> fields) {
  fields.push_back(time_field("from", "as asked for, on a multiple of the step"));
  fields.push_back(time_field("to", "its end"));
  fields.push_back({.name = "step_seconds", .type = FieldType::integer, .required = true, .example = "60"});
  return fields;
}

std::vector<Field> range_query() {
  return {{.name = "from",
           .format = Format::date_time,
           .description = "an hour before `to` where not given; two days are kept"},
          {.name = "to", .format = Format::date_time, .description = "now where not given"},
          {.name = "step_seconds",
           .type = FieldType::integer,
           .description = "a multiple of 60; 60 where not given",
           .example = "60",
           .minimum = kMinute,
           .maximum = 86'400}};
}
}  // namespace

void add_throughput(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.method = "GET";
    route.query = range_query();
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.pattern = "/api/v1/queues/throughput",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .answers = {{200, "by name, with every queue",
                    with_range({{.name = "queues",
                                 .type = FieldType::objects,
                                 .required = true,
                                 .fields = {name_field(), steps_field()}}})},
                   {422, "invalid_field", {}}},
       .summary = "How the attempts of all queues ended, by time"},
      of_all);
  add({.pattern = "/api/v1/queues/{name}/throughput",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .answers = {{200, "how many ended in each step", with_range({name_field(), steps_field()})},
                   {404, "not_found", {}},
                   {422, "invalid_field", {}}},
       .summary = "How the attempts of a queue ended, by time"},
      of_one);
}

}  // namespace fencepost::http
