// `fencepost channel` and `fencepost quota`: where videos go, and how many calls a day has.

#include "cli/channel.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

struct Given {
  std::string id, name, connection, youtube_channel, zone, project, profile, from;
  std::vector<std::string> limits, times, people;
  int daily_max = -1, capacity = 0, horizon = 0, lead = -1, days = 7, uploads = -1, searches = -1, units = -1,
      percent = 0;
  bool on = false, off = false, no_daily_max = false;
};
using Shared = std::shared_ptr<Given>;

Table details(const json& body) {
  Table lines;
  for (const auto& member : body.items())
    lines.push_back({member.key(), member.value().is_structured() ? member.value().dump()
                                                                  : cell(body, member.key().c_str())});
  return lines;
}

// An id as it is, or that of the one with this name.
std::string id_of(Client& client, const std::string& collection, const char* what, const std::string& given) {
  if (is_number(given)) return given;
  const auto all = all_pages(client, "/" + collection).at("items");
  if (given.empty() && all.size() == 1) return all[0].at("id").dump();
  for (const auto& item : all)
    if (item.at("name") == given) return item.at("id").dump();
  std::string known;
  for (const auto& item : all)
    known += (known.empty() ? "" : ", ") + cell(item, "name") + " (" + item.at("id").dump() + ")";
  throw base::UserError(
      "not_found", (given.empty() ? std::string("say which ") + what + " by its id or name"
                                  : std::string("there is no ") + what + " of the name '" + given + "'") +
                       (known.empty() ? ": there is none yet" : "; there are: " + known));
}

json body_of(Client& client, const Given& given) {
  json body = json::object();
  if (!given.name.empty()) body["name"] = given.name;
  if (!given.connection.empty())
    body["connection_id"] = std::stoll(id_of(client, "connections", "connection", given.connection));
  if (!given.youtube_channel.empty()) body["youtube_channel"] = given.youtube_channel;
  if (!given.zone.empty()) body["zone"] = given.zone;
  for (const auto& limit : given.limits) {
    const auto at = limit.find('=');
    if (at == std::string::npos || !is_number(limit.substr(at + 1)))
      throw UsageError("write a limit as TYPE=NUMBER: short=5");
    body["limits"][limit.substr(0, at)] = std::stoll(limit.substr(at + 1));
  }
  if (!given.times.empty()) body["slot_times"] = given.times;
  if (given.daily_max >= 0) body["daily_max"] = given.daily_max;
  if (given.no_daily_max) body["daily_max"] = nullptr;
  if (given.capacity > 0) body["capacity"] = given.capacity;
  if (given.horizon > 0) body["horizon_days"] = given.horizon;
  if (given.lead >= 0) body["lead_minutes"] = given.lead;
  if (!given.project.empty())
    body["project_id"] = std::stoll(id_of(client, "quota-projects", "quota project", given.project));
  if (given.on) body["enabled"] = true;
  if (given.off) body["enabled"] = false;
  for (const auto& person : given.people) {
    if (!is_number(person)) throw UsageError("name people by their ids: see fencepost user list");
    body["people"].push_back({{"id", std::stoll(person)}});
  }
  return body;
}

void add_options(CLI::App& command, const Shared& given) {
  command.add_option("--connection", given->connection, "To YouTube, by its id or name: whose account it is");
  command.add_option("--youtube-channel", given->youtube_channel, "UC and 22 characters");
  command.add_option("--zone", given->zone, "IANA, as Europe/Berlin: whose days and slot times count");
  command.add_option("--limit", given->limits, "Videos of a type and day, as short=5; give all of them")
      ->take_all();
  command.add_option("--slot", given->times, "A time of the day, as 10:00; give all of them")->take_all();
  auto* most = command.add_option("--daily-max", given->daily_max, "Videos of all types and a day");
  command.add_flag("--no-daily-max", given->no_daily_max, "As many as the types allow")->excludes(most);
  command.add_option("--capacity", given->capacity, "Videos of a slot")->check(CLI::Range(1, 100));
  command.add_option("--horizon-days", given->horizon, "How far ahead it plans")->check(CLI::Range(1, 366));
  command.add_option("--lead-minutes", given->lead, "How long before its slot an upload begins");
  command.add_option("--project", given->project, "The quota project, by its id or name");
  command.add_option("--person", given->people, "Who may schedule there, by id; give all of them")
      ->take_all();
}

int print_one(const json& body, bool as_json) {
  as_json ? print_json(body) : print(sheet(details(body)));
  return 0;
}

int list(Client& client, bool as_json, const Given&) {
  const auto body = all_pages(client, "/channels");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "connection"), cell(item, "zone"),
                    item.at("limits").dump(), item.at("enabled").get<bool>() ? "on" : "off"});
  print(table({"ID", "NAME", "CONNECTION", "ZONE", "LIMITS", "STATE"}, rows));
  return 0;
}

int create(Client& client, bool as_json, const Given& given) {
  return print_one(client.send("POST", "/channels", body_of(client, given)), as_json);
}

int show(Client& client, bool as_json, const Given& given) {
  return print_one(client.get(item_path("channels", channel_id(client, given.id))), as_json);
}

int edit(Client& client, bool as_json, const Given& given) {
  const auto body = body_of(client, given);
  if (body.empty()) throw UsageError("say what to change: see --help");
  const auto path = item_path("channels", channel_id(client, given.id));
  client.get(path);
  return print_one(client.send("PATCH", path, body, {{"If-Match", client.etag()}}), as_json);
}

json project_of(const Given& given) {
  json body = json::object();
  if (!given.profile.empty()) body["profile"] = given.profile;
  if (given.uploads >= 0) body["uploads"] = given.uploads;
  if (given.searches >= 0) body["searches"] = given.searches;
  if (given.units >= 0) body["units"] = given.units;
  if (given.percent > 0) body["warn_percent"] = given.percent;
  return body;
}

void add_limits(CLI::App& command, const Shared& given) {
  command
      .add_option("--profile", given->profile,
                  "classic: all calls cost units; current: uploads and searches "
                  "have days of their own")
      ->check(CLI::IsMember({"classic", "current"}));
  command.add_option("--uploads", given->uploads, "Calls of videos.insert a day");
  command.add_option("--searches", given->searches, "Calls of search.list a day");
  command.add_option("--units", given->units, "Units a day");
  command.add_option("--warn-percent", given->percent, "Of a limit: from there on people are told")
      ->check(CLI::Range(1, 100));
}

int quota_status(Client& client, bool as_json, const Given& given) {
  auto path =
      item_path("quota-projects", id_of(client, "quota-projects", "quota project", given.project), "days");
  add_query(path, "days", std::to_string(given.days));
  if (!given.from.empty()) add_query(path, "from", given.from);
  const auto body = client.get(path);
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("buckets"))
    rows.push_back({cell(item, "day"), cell(item, "scope"), cell(item, "used"), cell(item, "limit"),
                    cell(item, "spent"), item.at("warned").get<bool>() ? "near its end" : ""});
  print(table({"DAY", "BUCKET", "TAKEN", "LIMIT", "SPENT", "NOTE"}, rows));
  return 0;
}

int quota_create(Client& client, bool as_json, const Given& given) {
  auto body = project_of(given);
  body["name"] = given.name;
  return print_one(client.send("POST", "/quota-projects", body), as_json);
}

int quota_edit(Client& client, bool as_json, const Given& given) {
  const auto body = project_of(given);
  if (body.empty()) throw UsageError("say what to change: see --help");
  const auto path =
      item_path("quota-projects", id_of(client, "quota-projects", "quota project", given.project));
  client.get(path);
  return print_one(client.send("PATCH", path, body, {{"If-Match", client.etag()}}), as_json);
}

int recalculate(Client& client, bool as_json, const Given&) {
  const auto body = client.send("POST", "/quota/recalculate", nullptr);
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back(
        {cell(item, "day"), cell(item, "scope"), cell(item, "name"), cell(item, "was"), cell(item, "is")});
  if (!rows.empty()) print(table({"DAY", "BUCKET", "NAME", "WAS", "IS"}, rows));
  print(cell(body, "corrected") + " corrected\n");
  return 0;
}

using Run = int (*)(Client&, bool, const Given&);
void runs(CLI::App* command, Chosen& chosen, const Shared& given, Run run) {
  speaks(*command, chosen,
         [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
}
}  // namespace

std::string channel_id(Client& client, const std::string& given) {
  return id_of(client, "channels", "channel", given);
}

void add_channel(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("channel", "Channels that videos are uploaded to")->require_subcommand(1);
  auto given = std::make_shared<Given>();
  runs(noun->add_subcommand("list", "Show channels"), chosen, given, list);
  auto* creates = noun->add_subcommand("create", "Make a channel");
  creates->add_option("--name", given->name, "Its name")->required();
  add_options(*creates, given);
  runs(creates, chosen, given, create);
  const auto id = [&](CLI::App* command) {
    command->add_option("CHANNEL", given->id, "Its id or name")->required();
    return command;
  };
  runs(id(noun->add_subcommand("show", "Show one channel")), chosen, given, show);
  auto* edits = id(noun->add_subcommand("edit", "Change a channel"));
  edits->add_option("--name", given->name, "Its new name");
  add_options(*edits, given);
  auto* on = edits->add_flag("--on", given->on, "Uploads leave");
  edits->add_flag("--off", given->off, "Nothing leaves")->excludes(on);
  runs(edits, chosen, given, edit);
}

void add_quota(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("quota", "Quota projects of YouTube's API")->require_subcommand(1);
  auto given = std::make_shared<Given>();
  const auto project = [&](CLI::App* command) {
    command->add_option("--project", given->project, "Its id or name; may be left out where there is one");
    return command;
  };
  auto* status = project(noun->add_subcommand("status", "Show what is taken, by bucket and day"));
  status->add_option("--from", given->from, "A date of America/Los_Angeles; otherwise today")
      ->type_name("DATE");
  status->add_option("--days", given->days, "How many")->check(CLI::Range(1, 62))->capture_default_str();
  runs(status, chosen, given, quota_status);
  auto* creates = noun->add_subcommand("create", "Make a quota project");
  creates->add_option("--name", given->name, "Its name, which never changes")->required();
  add_limits(*creates, given);
  runs(creates, chosen, given, quota_create);
  auto* edits = project(noun->add_subcommand("edit", "Change a quota project's limits"));
  add_limits(*edits, given);
  runs(edits, chosen, given, quota_edit);
  runs(noun->add_subcommand("recalculate", "Correct the counters of all budgets by their ledger"), chosen,
       given, recalculate);
}

}  // namespace fencepost::cli
