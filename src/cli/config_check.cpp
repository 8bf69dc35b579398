// `fencepost config check`: every setting, where it comes from, and whether a server could start with it.

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/curate_serving.hpp"
#include "cli/key_check.hpp"
#include "cli/platforms.hpp"
#include "cli/process.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

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

struct Check {
  std::string name, problem;  // no problem: empty
};

// Of a file that only its owner should read; one that is not there is no problem here.
std::string permissions_of(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0)
    return errno == ENOENT ? "" : "'" + path + "': " + std::strerror(errno);
  if (!S_ISREG(about.st_mode)) return "'" + path + "' is no regular file";
  if ((about.st_mode & 077) == 0) return "";
  return "'" + path + "' can be read by other users: chmod 600, and think of what it holds as seen";
}

// serve makes a SQLite file that is not there; a check makes nothing.
std::optional<std::string> file_to_be_made(const std::string& url) {
  const auto file = store::sqlite_path(url);
  if (!file || file->empty()) return std::nullopt;
  const std::filesystem::path path = *file;
  if (std::filesystem::exists(path)) return std::nullopt;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (access(folder.c_str(), W_OK | X_OK) == 0) return "";
  return "the folder '" + folder.string() + "' cannot be written (" + std::strerror(errno) + ")";
}

// Opens the database and, where its schema is there, tries the key on what is stored.
void check_database(const Settings& settings, std::vector<Check>& checks) {
  const auto url = settings.text("database");
  if (url.empty()) {
    checks.push_back({"database", "no database is named: --database, FENCEPOST_DATABASE or the file"});
    return;
  }
  if (const auto made = file_to_be_made(url)) {
    checks.push_back({"database", *made});
    return;
  }
  std::string problem;
  try {
    const auto database = open_database(settings, 1);
    const auto lease = database->acquire();
    try {
      require_current_schema(*lease);
      const auto report = examine_key(*lease, settings);
      checks.push_back({"credentials", report.fine() ? "" : report.text()});
    } catch (const base::UserError& error) {
      // serve brings an older one up.
      if (error.code() == "schema_too_new") problem = error.what();
    }
  } catch (const std::exception& error) {
    problem = error.what();
  }
  checks.push_back({"database", problem});
}

template <typename Try>
std::string refusal_of(Try&& attempt) try {
  attempt();
  return "";
} catch (const UsageError& error) {
  return error.what();
}

std::vector<Check> checks_of(const Settings& settings) {
  std::vector<Check> checks;
  if (const auto path = key_path(settings); !path.empty())
    checks.push_back({"key file", permissions_of(path)});
  else if (!settings.text("database").empty())
    checks.push_back({"key file", "PostgreSQL needs --key-file (or FENCEPOST_KEY_FILE)"});
  if (const auto path = settings.text("token-file"); !path.empty())
    checks.push_back({"token file", permissions_of(path)});
  // What only makes sense together.
  checks.push_back({"mail", refusal_of([&] { mail_options(settings); })});
  checks.push_back({"platforms", refusal_of([&] {
                      connect::HttpClient http(outgoing(settings), base::system_clock());
                      Platforms(settings, http);
                    })});
  checks.push_back({"curate", refusal_of([&] { curate_options(settings); })});
  checks.push_back({"youtube", refusal_of([&] { youtube_options(settings); })});
  const auto server = settings.text("server");
  const bool http = server.starts_with("http://") || server.starts_with("https://");
  checks.push_back({"server", http ? "" : "'" + server + "' is no URL: write http://HOST:PORT"});
  for (const auto& [name, meant] : misspelt_environment())
    checks.push_back({name, "is not known, and has no effect: did you mean " + meant + "?"});
  check_database(settings, checks);
  return checks;
}

int config_check(const Settings& settings, bool as_json) {
  json list = json::array();
  Table rows;
  bool fine = true;
  for (const auto& setting : all_settings()) {
    const auto [value, source] = settings.find(setting.name);
    const auto wrong = settings.problem(setting);
    fine = fine && !wrong;
    rows.push_back(
        {setting.name, value.empty() ? "-" : shown(setting.name, value), source, wrong.value_or("ok")});
    list.push_back({{"name", setting.name},
                    {"value", shown(setting.name, value)},
                    {"source", source},
                    {"problem", wrong ? json(*wrong) : json()}});
  }
  json done = json::array();
  Table checked;
  // What a value cannot be read as, it cannot be tried as.
  for (const auto& [name, problem] : fine ? checks_of(settings) : std::vector<Check>{}) {
    fine = fine && problem.empty();
    checked.push_back({name, problem.empty() ? "ok" : problem});
    done.push_back({{"name", name}, {"problem", problem.empty() ? json() : json(problem)}});
  }
  if (as_json) {
    print(json{{"ok", fine}, {"settings", std::move(list)}, {"checks", std::move(done)}}.dump() + "\n");
    return fine ? 0 : 1;
  }
  print(table({"SETTING", "VALUE", "FROM", "PROBLEM"}, rows, 200));
  if (!checked.empty()) print("\n" + table({"CHECK", "RESULT"}, checked, 1000));
  return fine ? 0 : 1;
}
}  // namespace

void add_config(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("config", "The server's settings")->require_subcommand(1);
  auto* check =
      noun->add_subcommand("check", "Show every setting, where it comes from, and what is wrong with it");
  check->footer("Opens the database, and tries the key on what is stored. Exit code 1: something is wrong.");
  std::vector<std::string_view> names;
  for (const auto& setting : all_settings()) names.emplace_back(setting.name);
  auto flags = std::make_shared<SettingFlags>(*check, names);
  auto* json_flag = add_switch(*check, "--json", "Print JSON instead of a table");
  check->callback([&chosen, flags, json_flag] {
    chosen = [=] { return config_check(flags->settings(), json_flag->count() > 0); };
  });
}

}  // namespace fencepost::cli
