// `fencepost item`: what a person does with one item of a queue, on the database itself.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

struct Given {
  std::string queue, item;
};
// Answers the word for what came of it, and whether that is what was asked for.
using Act =
    std::function<std::pair<std::string, bool>(store::Connection&, const store::Fence&, const std::string&)>;

std::string actor() {
  const char* user = std::getenv("USER");
  return std::string("person ") +
         (user != nullptr && *user != '\0' ? std::string(user) : std::to_string(getuid()));
}

store::Fence fence_named(store::Connection& connection, const std::string& name) {
  for (auto& fence : make_fences(connection))
    if (fence.queue().name == name) return fence;
  throw base::UserError("queue_not_found", "there is no queue '" + name + "' in this database");
}

// Acts of people may be repeated after a doubt: their answers then are certain (store/fence.hpp).
std::pair<std::string, bool> certain(store::Database& database, const Given& given, const Act& act) {
  for (int tries = 3;; --tries) {
    try {
      return database.retrying([&](store::Connection& connection) {
        return act(connection, fence_named(connection, given.queue), given.item);
      });
    } catch (const base::InfraError& error) {
      if (!error.in_doubt() || tries <= 1) throw;
    }
  }
}

int show(store::Connection& connection, const Given& given, bool as_json) {
  const auto fence = fence_named(connection, given.queue);
  const auto seen = fence.read(connection, given.item);
  if (!seen) throw base::UserError("item_not_found", "the queue has no item '" + given.item + "'");
  const json item{{"item", seen->item},
                  {"status", seen->word},
                  {"state", core::name(seen->state)},
                  {"attempts", seen->attempt},
                  {"run_at", base::format_utc(seen->run_at)},
                  {"lease_until", seen->lease_until ? json(base::format_utc(*seen->lease_until)) : json()},
                  {"stop_wanted", seen->stop_wanted},
                  {"last_error", seen->last_error ? json(*seen->last_error) : json()},
                  {"effect", seen->effect ? json(core::name(seen->outcome)) : json()},
                  {"sent", seen->effect ? json(seen->request) : json()}};
  if (as_json) {
    print(item.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    return 0;
  }
  Table rows;
  for (const auto& [name, value] : item.items())
    rows.push_back({name, name == "run_at" ? time_cell(item, "run_at") : cell(item, name.c_str())});
  print(sheet(rows));
  return 0;
}
}  // namespace

void add_item(CLI::App& app, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* noun =
      app.add_subcommand("item", "One item of a queue, on the database itself")->require_subcommand(1);
  noun->footer("Exit code 0 where what was asked for is so, 1 where it is not; the answer says why.");
  const auto add = [&](const char* name, const char* help) {
    auto* command = noun->add_subcommand(name, help);
    command->add_option("--queue", given->queue, "The queue's name")->required()->type_name("NAME");
    command->add_option("ID", given->item, "The item's key")->required();
    return command;
  };
  const auto act = [&](CLI::App* command, Act what) {
    auto settings =
        std::make_shared<SettingFlags>(*command, std::vector<std::string_view>{"database", "poll-only"});
    auto* as_json = add_switch(*command, "--json", "Print JSON");
    command->callback([&chosen, given, settings, as_json, what = std::move(what)] {
      chosen = [=] {
        const auto database = open_database(settings->settings(), 2);
        require_current_schema(*database->acquire());
        if (!what) return show(*database->acquire(), *given, as_json->count() > 0);
        const auto [answer, good] = certain(*database, *given, what);
        print(as_json->count() > 0 ? json{{"answer", answer}}.dump() + "\n" : answer + "\n");
        return good ? 0 : 1;
      };
    });
  };
  act(add("show", "How it stands"), {});
  act(add("stop", "Nothing of it begins any more; says whether something had begun"),
      [](store::Connection& connection, const store::Fence& fence, const std::string& item) {
        const auto answer = fence.stop(connection, item, actor());
        return std::pair(std::string(core::name(answer)), answer == core::StopAnswer::prevented ||
                                                              answer == core::StopAnswer::already_stopped);
      });
  act(add("retry", "Queues again what was stopped or failed"),
      [](store::Connection& connection, const store::Fence& fence, const std::string& item) {
        const auto answer = fence.rearm(connection, item, actor());
        return std::pair(std::string(store::name(answer)), answer == store::RearmAnswer::rearmed ||
                                                               answer == store::RearmAnswer::already_armed);
      });
  for (const bool happened : {true, false})
    act(add(happened ? "happened" : "did-not-happen", happened ? "Says of an unknown item that it did happen"
                                                               : "Says of an unknown item that it did not"),
        [happened](store::Connection& connection, const store::Fence& fence, const std::string& item) {
          const auto answer = fence.resolve(connection, item, happened, actor());
          return std::pair(std::string(core::name(answer)), answer == core::ResolveAnswer::resolved);
        });
}

}  // namespace fencepost::cli
