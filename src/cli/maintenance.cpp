// migrate, verify, config check: what an operator does beside the server.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "store/verify.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

int migrate(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  const auto applied = bring_up(*lease);
  if (as_json) {
    print(json{{"applied", applied}}.dump() + "\n");
    return 0;
  }
  for (const auto& name : applied) print("applied " + name + "\n");
  if (applied.empty()) print("nothing to do: the schema is current\n");
  return 0;
}

int verify(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  const auto fences = make_fences(*lease);
  const auto violations = store::verify(*lease, fences);
  json list = json::array();
  Table rows;
  for (const auto& violation : violations) {
    list.push_back({{"promise", violation.promise},
                    {"queue", violation.queue},
                    {"item", violation.item},
                    {"what", violation.what}});
    rows.push_back({violation.promise, violation.queue, violation.item, violation.what});
  }
  if (as_json)
    print(json{{"violations", std::move(list)}}.dump() + "\n");
  else if (violations.empty())
    print("no violations\n");
  else
    print(table({"PROMISE", "QUEUE", "ITEM", "WHAT"}, rows, 1000));
  return violations.empty() ? 0 : 1;
}

// The password of a database URL is nobody's to read.
std::string shown(const std::string& name, const std::string& value) {
  const auto scheme = value.find("://");
  const auto at = value.find('@', scheme == std::string::npos ? 0 : scheme);
  if (name != "database" || scheme == std::string::npos) return value;
  const auto query = value.find("password=");
  std::string out = query == std::string::npos ? value : value.substr(0, query) + "password=***";
  if (at == std::string::npos || at >= out.size()) return out;
  const auto colon = out.find(':', scheme + 3);
  return colon != std::string::npos && colon < at ? out.substr(0, colon + 1) + "***" + out.substr(at) : out;
}

int config_check(const Settings& settings, bool as_json) {
  json list = json::array();
  Table rows;
  std::string problems;
  for (const auto& setting : all_settings()) {
    const auto [value, source] = settings.find(setting.name);
    const auto wrong = settings.problem(setting);
    rows.push_back(
        {setting.name, value.empty() ? "-" : shown(setting.name, value), source, wrong.value_or("ok")});
    list.push_back({{"name", setting.name},
                    {"value", shown(setting.name, value)},
                    {"source", source},
                    {"problem", wrong ? json(*wrong) : json()}});
    if (wrong) problems += *wrong + "\n";
  }
  try {
    mail_options(settings);
  } catch (const UsageError& error) {
    // What only makes sense together.
    problems += std::string(error.what()) + "\n";
    rows.push_back({"smtp-*", "-", "", error.what()});
    list.push_back({{"name", "smtp-*"}, {"value", ""}, {"source", ""}, {"problem", error.what()}});
  }
  if (as_json)
    print(json{{"ok", problems.empty()}, {"settings", std::move(list)}}.dump() + "\n");
  else
    print(table({"SETTING", "VALUE", "FROM", ""}, rows, 200));
  return problems.empty() ? 0 : 1;
}

using Run = int (*)(const Settings&, bool);

void add(CLI::App* command, const std::vector<std::string_view>& names, Run run, Chosen& chosen) {
  auto flags = std::make_shared<SettingFlags>(*command, names);
  auto* json_flag = add_switch(*command, "--json", "Print JSON instead of a table");
  command->callback([&chosen, flags, json_flag, run] {
    chosen = [flags, json_flag, run] { return run(flags->settings(), json_flag->count() > 0); };
  });
}
}  // namespace

void add_maintenance(CLI::App& app, Chosen& chosen) {
  const std::vector<std::string_view> database{"database", "poll-only"};
  add(app.add_subcommand("migrate", "Bring a database's schema to this version"), database, migrate, chosen);
  auto* check = app.add_subcommand("verify", "Check the promises F1 to F4 from the database alone");
  check->footer("Exit code 1 where something is violated; each violation is named.");
  add(check, database, verify, chosen);
  auto* config = app.add_subcommand("config", "The server's settings")->require_subcommand(1);
  std::vector<std::string_view> all;
  for (const auto& setting : all_settings()) all.emplace_back(setting.name);
  add(config->add_subcommand("check", "Show every setting, where it comes from, and what is wrong with it"),
      all, config_check, chosen);
}

}  // namespace fencepost::cli
