// `fencepost item`: what a person does with one item of a queue, on the database itself.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/announce/item_acts.hpp"
#include "apps/announce/queue.hpp"
#include "apps/upload/queue.hpp"
#include "apps/upload/service.hpp"
#include "apps/upload/uploader/sessions.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "http/api/arms.hpp"
#include "store/certain.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

struct Given {
  std::string queue, item;
};
// Answers the word for what came of it, and whether that is what was asked for.
using Act =
    std::function<std::pair<std::string, bool>(store::Database&, const store::Fence&, const std::string&)>;

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

store::Fence fence_named(store::Database& database, const std::string& name) {
  return database.retrying([&](store::Connection& connection) { return fence_named(connection, name); });
}

base::UserError not_found(const std::string& item) {
  return {"item_not_found", "the queue has no item '" + item + "'"};
}

std::int64_t key_of(const store::Fence& fence, const std::string& item) {
  if (!fence.valid_key(item)) throw not_found(item);
  return std::stoll(item);
}

// What an application keeps beside its items is written with them, as by its own acts.
store::RearmAnswer fence_rearm(store::Database& database, const store::Fence& fence,
                               const std::string& item) {
  return store::until_certain(
      database, [&](store::Connection& connection, bool) { return fence.rearm(connection, item, actor()); });
}

std::string rearmed(store::Database& database, const store::Fence& fence, const std::string& item) {
  const auto arm = http::arm_of(database, fence);
  if (!arm) return std::string(store::name(fence_rearm(database, fence, item)));
  if (!fence.valid_key(item)) throw not_found(item);
  return arm({.item = item, .meant = [](const store::Snapshot&) { return true; }, .actor = actor()});
}

core::ResolveAnswer resolved(store::Database& database, const store::Fence& fence, const std::string& item,
                             bool happened) {
  const auto& name = fence.queue().name;
  if (name == announce::kQueue)
    return announce::resolve(database, fence, key_of(fence, item), happened, actor(), "");
  if (name == upload::kQueue)
    return upload::Service(database, fence, {}, uploader::resolved)
        .resolve(key_of(fence, item), happened, actor(), "", "");
  return store::until_certain(database, [&](store::Connection& connection, bool) {
    return fence.resolve(connection, item, happened, actor());
  });
}

int show(store::Connection& connection, const Given& given, bool as_json) {
  const auto fence = fence_named(connection, given.queue);
  const auto seen = fence.read(connection, given.item);
  if (!seen) throw not_found(given.item);
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
        const auto [answer, good] = what(*database, fence_named(*database, given->queue), given->item);
        print(as_json->count() > 0 ? json{{"answer", answer}}.dump() + "\n" : answer + "\n");
        return good ? 0 : 1;
      };
    });
  };
  act(add("show", "How it stands"), {});
  act(add("stop", "Nothing of it begins any more; says whether something had begun"),
      [](store::Database& database, const store::Fence& fence, const std::string& item) {
        const auto answer = store::until_certain(database, [&](store::Connection& connection, bool) {
          return fence.stop(connection, item, actor());
        });
        return std::pair(std::string(core::name(answer)), answer == core::StopAnswer::prevented ||
                                                              answer == core::StopAnswer::already_stopped);
      });
  act(add("retry", "Queues again what was stopped or failed"),
      [](store::Database& database, const store::Fence& fence, const std::string& item) {
        const auto answer = rearmed(database, fence, item);
        return std::pair(answer, answer == store::name(store::RearmAnswer::rearmed) ||
                                     answer == store::name(store::RearmAnswer::already_armed));
      });
  for (const bool happened : {true, false})
    act(add(happened ? "happened" : "did-not-happen", happened ? "Says of an unknown item that it did happen"
                                                               : "Says of an unknown item that it did not"),
        [happened](store::Database& database, const store::Fence& fence, const std::string& item) {
          const auto answer = resolved(database, fence, item, happened);
          return std::pair(std::string(core::name(answer)), answer == core::ResolveAnswer::resolved);
        });
}

}  // namespace fencepost::cli
