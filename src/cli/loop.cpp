// `fencepost loop`: works a queue by a command or a URL, for people who write no C++.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/adopt.hpp"
#include "cli/commands.hpp"
#include "cli/identity_watch.hpp"
#include "cli/loop_work.hpp"
#include "cli/process.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "engine/engine.hpp"

namespace fencepost::cli {

namespace {
using base::LogLevel;

constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kWatch{2};
constexpr int kMostAtOnce = 512;

const std::vector<std::string_view> kNames = {"database",    "poll-only", "allow-private-addresses",
                                              "concurrency", "lease",     "drain",
                                              "log-json",    "log-level", "state-folder"};

struct Given {
  std::string command, url, deadline = "5m", grace = "5s";
  int batch = 1;
  bool until_empty = false;
};

// A typing error must not cost every item an attempt, or leave it with an outcome that nobody knows.
void check_command(const std::string& command) {
  const auto word = command.substr(0, command.find_first_of(" \t\n"));
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
  if (word.empty() || word.find_first_not_of(kPlain) != std::string::npos) return;
  ChildRequest request;
  request.command = "command -v -- '" + word + "' > /dev/null";
  request.terminate_at = base::system_clock().boot() + std::chrono::seconds(10);
  const auto result = run_child(request, {});
  if (!result.started || result.code != 0)
    throw UsageError("--exec: the shell does not know the command '" + word + "'");
}

store::Descriptor adopt_first(store::Connection& connection, const store::AdoptRequest& request) {
  if (store::has_schema(connection)) {
    const auto seen = store::plan_adoption(connection, request);
    const bool same = seen.before && store::to_text(*seen.before) == store::to_text(seen.descriptor);
    // What others have written into it since is for doctor.
    if (same && !seen.add_columns) return seen.descriptor;
    if (seen.problems.empty() && seen.before && !seen.nothing_to_do)
      throw base::UserError("adopted_otherwise", "'" + seen.descriptor.queue.table +
                                                     "' is adopted with other flags: run it as --queue " +
                                                     seen.descriptor.queue.name +
                                                     ", or change it by `fencepost adopt`");
  }
  const auto plan = adopt_table(connection, request);
  std::string list;
  for (const auto& problem : plan.problems)
    list += "\n- " + problem.what + (problem.mend.empty() ? "" : "\n    mend: " + problem.mend);
  if (!list.empty())
    throw base::UserError("cannot_adopt",
                          "'" + plan.descriptor.queue.table + "' cannot be worked like this:" + list);
  for (const auto& warning : plan.warnings) base::log(LogLevel::warn, "adopted", {{"note", warning}});
  return plan.descriptor;
}

store::Descriptor descriptor_for(store::Connection& connection, const QueueFlags& flags) {
  if (flags.table_given()) return adopt_first(connection, flags.request());
  if (flags.queue().empty()) throw UsageError("say --queue NAME, or --table TABLE and its words");
  require_current_schema(connection);
  const auto text = store::stored_descriptor(connection, flags.queue());
  if (!text)
    throw base::UserError("queue_not_found", "there is no adopted queue '" + flags.queue() +
                                                 "' in this database: run `fencepost adopt` first");
  return store::descriptor_of(*text);
}

Target target_of(const Given& given) {
  Target target;
  target.command = given.command;
  target.url = given.url;
  target.deadline = parse_duration(given.deadline);
  target.grace = parse_duration(given.grace);
  if (target.deadline < std::chrono::seconds(1)) throw UsageError("--deadline must be at least 1s");
  if (!given.command.empty() && target.grace >= target.deadline)
    throw UsageError("--grace must be shorter than --deadline");
  return target;
}

void check(const Given& given, const Settings& settings, const core::Queue& queue) {
  if (queue.kind == core::Kind::once && given.batch > 1)
    throw UsageError("--batch: an item of a `once` queue passes its own gate and is sent alone");
  if (given.batch * settings.number("concurrency") > kMostAtOnce)
    throw UsageError("--batch times --concurrency must be at most " + std::to_string(kMostAtOnce));
  if (settings.duration("lease") < std::chrono::seconds(1)) throw UsageError("--lease must be at least 1s");
  if (given.url.empty()) return;
  if (const auto wrong = connect::url_problem(given.url, outgoing(settings).addresses))
    throw UsageError("--post: " + *wrong);
}

// A loop from its queue to its end. Built top down, ended bottom up.
class Looping {
 public:
  Looping(store::Database& database, const store::Descriptor& descriptor, const Settings& settings,
          const Given& given)
      : database_(database),
        fence_(fence_of(*database.acquire(), descriptor.queue)),
        definition_(descriptor),
        target_(target_of(given)),
        http_(outgoing(settings), clock_),
        until_empty_(given.until_empty) {
    fence_.check(*database.acquire());
    engine::EngineOptions engine_options;
    engine_options.state_folder = settings.text("state-folder");
    engine_ = std::make_unique<engine::Engine>(database, clock_, engine_options);
    target_.http = &http_;
    target_.keep_fd = worker_lock_descriptor();
    engine::QueueOptions options;
    options.lease = settings.duration("lease");
    options.concurrency = settings.number("concurrency") * given.batch;
    options.deadline = target_.deadline + target_.grace + options.lease;
    if (descriptor.queue.kind == core::Kind::once) {
      effect_.emplace(fence_.queue(), definition_, target_);
      work_ = std::make_unique<engine::EffectWork>(engine_->context(), fence_, *effect_);
    } else {
      handler_.emplace(database, fence_, definition_, target_, given.batch, settings.number("concurrency"));
      work_ = std::make_unique<engine::HandlerWork>(
          engine_->context(), fence_,
          [this](const engine::Attempt& attempt) { return handler_->run(attempt.claim(), attempt.stop()); });
    }
    runner_ = &engine_->add(*work_, options);
    engine_->start();
  }

  // Until a signal, the end of the work, or a definition that is not this one any more.
  int run(const sigset_t& signals, IdentityWatch& identity) {
    const timespec tick{0, std::chrono::nanoseconds(kTick).count()};
    auto looked = clock_.boot();
    int signal = -1;
    while (signal < 0 && !definition_.changed()) {
      signal = sigtimedwait(&signals, nullptr, &tick);
      try {
        if (signal < 0 && until_empty_ && empty()) return 0;
        if (clock_.boot() - looked < kWatch) continue;
        looked = clock_.boot();
        identity.look();
        definition_.holds(*database_.acquire());
      } catch (const base::InfraError& error) {
        // The engine says so too, and goes on by itself when the database is back.
        base::log(LogLevel::debug, "database not checked", {{"error", error.what()}});
      }
    }
    return signal < 0 ? 1 : 0;
  }
  void stop(base::Duration drain) { engine_->stop(clock_.boot() + drain); }
  bool changed() const { return definition_.changed(); }

 private:
  bool empty() { return runner_->held() == 0 && !store::remaining(*database_.acquire(), fence_); }

  const base::Clock& clock_ = base::system_clock();
  store::Database& database_;
  const store::Fence fence_;
  Definition definition_;
  Target target_;
  connect::HttpClient http_;
  const bool until_empty_;
  std::optional<LoopHandler> handler_;
  std::optional<LoopEffect> effect_;
  std::unique_ptr<engine::Work> work_;
  std::unique_ptr<engine::Engine> engine_;  // ends before what it works with
  engine::QueueRunner* runner_ = nullptr;
};

int loop(const Settings& settings, const QueueFlags& flags, const Given& given) {
  for (const auto name : kNames)
    if (const auto wrong = settings.problem(setting_named(name))) throw UsageError(*wrong);
  base::configure_log(level_of(settings.text("log-level")), settings.flag("log-json"));
  const auto signals = hold_signals();
  target_of(given);
  if (!given.command.empty()) check_command(given.command);
  const auto database = open_database(settings, settings.number("concurrency") + 8);
  const auto descriptor = descriptor_for(*database->acquire(), flags);
  check(given, settings, descriptor.queue);
  IdentityWatch identity(*database);
  identity.start();
  Looping looping(*database, descriptor, settings, given);
  print("fencepost: working '" + descriptor.queue.name + "'\n");
  const int code = looping.run(signals, identity);
  release_signals(signals);
  looping.stop(settings.duration("drain"));
  if (looping.changed())
    throw base::UserError("definition_changed",
                          "the queue '" + descriptor.queue.name +
                              "' was adopted anew, with other flags: start this loop again");
  return code;
}
}  // namespace

void add_loop(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("loop", "Work a queue by a command or a URL");
  command->footer(
      "The row comes as JSON, on standard input or in the body; with --batch as an array of {item, attempt, "
      "claim,\n"
      "row}. The command's environment has FENCEPOST_QUEUE, _ITEM, _ATTEMPT, _CLAIM, and for --once queues "
      "_KEY.\n"
      "\n"
      "  exit code             repeatable                           --once\n"
      "  0                     done                                 it happened\n"
      "  65 (EX_DATAERR)       failed for good                      it did not happen: failed\n"
      "  69 (EX_UNAVAILABLE)   not now; the seconds on stdout       it did not happen: again after the "
      "seconds\n"
      "  75 (EX_TEMPFAIL)      retry, back-off or seconds           it did not happen: retry\n"
      "  126, 127              not now: the command cannot run      unknown\n"
      "  any other, a signal   retry with back-off                  unknown: a person decides\n"
      "\n"
      "  answer                repeatable                           --once\n"
      "  2xx                   done, or what {\"outcome\": \"done\" |   it happened\n"
      "                        \"retry\" | \"failed\" | \"snooze\",\n"
      "                        \"after\": 30, \"error\": \"…\"} says\n"
      "  429, 503              not now with Retry-After, else retry 429: retry; 503: unknown\n"
      "  408, 425, 5xx, cut    retry                                unknown; 425: retry\n"
      "  other 4xx             failed for good                      failed, but for 408, 409 and what is "
      "unknown\n"
      "  no byte was sent      retry                                retry\n"
      "\n"
      "The last line of standard error becomes the item's error. SIGTERM comes at the deadline, when a stop "
      "is\n"
      "wanted or the claim is lost; SIGKILL after --grace. SIGTERM or Ctrl-C of the loop: what runs is "
      "finished\n"
      "within --drain. Exit code 0 then, and with --until-empty; 1: failed, or the queue was adopted anew.");
  auto settings = std::make_shared<SettingFlags>(*command, kNames);
  auto flags = std::make_shared<QueueFlags>(*command, false);
  auto given = std::make_shared<Given>();
  auto* exec = command->add_option("--exec", given->command, "A command, run by /bin/sh -c for each item")
                   ->type_name("COMMAND");
  auto* post =
      command->add_option("--post", given->url, "A URL that each item is posted to")->type_name("URL");
  exec->excludes(post);
  command->require_option(1, 0);
  command->add_option("--batch", given->batch, "Items for one command or request (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  command->add_option("--deadline", given->deadline, "How long one command or request may take (default 5m)")
      ->type_name("DURATION");
  command->add_option("--grace", given->grace, "Between SIGTERM and SIGKILL (default 5s)")
      ->type_name("DURATION");
  command->add_flag("--until-empty", given->until_empty,
                    "End when nothing is due, being retried or being worked by anybody");
  command->callback([&chosen, settings, flags, given] {
    if (given->command.empty() == given->url.empty())
      throw CLI::ValidationError("say --exec COMMAND or --post URL");
    chosen = [=] { return loop(settings->settings(), *flags, *given); };
  });
}

}  // namespace fencepost::cli
