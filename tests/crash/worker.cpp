// One process that works one queue, and dies or stops where it is told to. It says on standard output what
// happens ("ready", each point that it passes, "at POINT" before it obeys there), and obeys lines on standard
// input: "shift US" moves its SQLite clock; the end of the input ends it in good order.

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <list>
#include <map>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "connect/http_client.hpp"
#include "engine/effect_work.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"
#include "flavour.hpp"
#include "store/identity.hpp"
#include "store/migrate.hpp"
#include "store/sqlite/sqlite_database.hpp"
#include "store/workers.hpp"

namespace fencepost::crash {
namespace {

using store::EffectResult;
using store::Verdict;

// One write, so that lines of several threads do not mix, and the parent has it before what comes next.
void say(const std::string& line) {
  const auto text = line + "\n";
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, text.data(), text.size());
}

void write_own(store::Connection& connection, const std::string& item) {
  connection.run(store::Sql{"own write", "INSERT INTO own_writes (item) VALUES ($1)"}, {item});
}

class Receiver {
 public:
  Receiver(std::string url, base::Duration patience) : timeout(patience), url_(std::move(url)) {}
  connect::HttpResult post(const std::string& item, const std::string& key, base::BootTime deadline) {
    return client_.call({.method = "POST",
                         .url = url_,
                         .headers = {{"Idempotency-Key", key}, {"X-Worker", std::to_string(getpid())}},
                         .body = item,
                         .deadline = deadline});
  }
  bool has(const std::string& key) {
    const auto deadline = base::BootClock::now() + std::chrono::seconds(30);
    return client_
               .call({.url = url_ + key, .headers = {}, .body = "", .deadline = deadline, .repeatable = true})
               .status == 200;
  }
  const base::Duration timeout;

 private:
  const std::string url_;
  connect::HttpClient client_{{.addresses = {.allow_private = true}}, base::system_clock()};
};

class Posts final : public engine::EffectApp {
 public:
  Posts(Receiver& receiver, Flavour flavour) : receiver_(receiver), flavour_(flavour) {}

  std::variant<engine::Rendered, engine::NotNow> render(store::Connection&, const store::Claim&,
                                                        const std::string&) override {
    return engine::Rendered{"{}", "receiver", receiver_.timeout, {}, {}};
  }
  EffectResult send(const store::Effect& effect, const engine::Rendered&, base::BootTime deadline) override {
    const auto answer = receiver_.post(effect.item, effect.key, deadline);
    if (answer.failure && answer.failure->sent == connect::Sent::no_byte_left)
      return {Verdict::did_not_happen, "", "", "nothing left", base::Duration(0)};
    // 409: it was there before.
    if (answer.status == 200 || answer.status == 409) return {Verdict::happened, effect.key, "", "", {}};
    return {Verdict::unknown, "", "", "no answer", {}};
  }
  EffectResult look(const store::Reconcile& reconcile, std::stop_token) override {
    if (flavour_ != Flavour::refusing) return {Verdict::unknown, "", "", "it cannot be asked", {}};
    const bool there = receiver_.has(reconcile.effect.key);
    return {there ? Verdict::happened : Verdict::did_not_happen,
            reconcile.effect.key,
            "",
            there ? "found" : "not there",
            {}};
  }
  bool refuses_second_arrival(const store::Effect&, base::Duration) override {
    return flavour_ == Flavour::refusing;
  }
  void settled(store::Connection& connection, const store::Effect& effect,
               const EffectResult& result) override {
    if (writes_its_own() && result.verdict == Verdict::happened) write_own(connection, effect.item);
  }
  bool writes_its_own() const override { return own_writes(flavour_); }

 private:
  Receiver& receiver_;
  const Flavour flavour_;
};

engine::Outcome handle(Receiver& receiver, Flavour flavour, const engine::Attempt& attempt) {
  const auto item = attempt.claim().item;
  const auto answer = receiver.post(item, item, base::BootClock::now() + receiver.timeout);
  if (answer.status != 200) return engine::Outcome::retry("no answer", base::Duration(0));
  if (!own_writes(flavour)) return engine::Outcome::done();
  return engine::Outcome::done([item](store::Connection& connection) { write_own(connection, item); });
}

// "POINT:PASS:ACTION": at this pass of the point, kill or stop the process.
struct Plan {
  std::string point;
  int pass = 0;
  int signal = 0;
  std::atomic<int> passed{0};

  explicit Plan(const std::string& text) {
    const auto end = text.find(':'), next = text.find(':', end + 1);
    point = text.substr(0, end);
    pass = std::stoi(text.substr(end + 1));
    signal = text.substr(next + 1) == "kill" ? SIGKILL : SIGSTOP;
  }
};

using Arguments = std::multimap<std::string, std::string>;
std::string get(const Arguments& arguments, const std::string& name, const std::string& otherwise = "") {
  const auto found = arguments.find(name);
  return found == arguments.end() ? otherwise : found->second;
}
base::Duration get_ms(const Arguments& arguments, const std::string& name, const char* otherwise) {
  return std::chrono::milliseconds(std::stol(get(arguments, name, otherwise)));
}

void keep_plans(std::list<Plan>& plans) {
  base::on_testpoint([&plans](std::string_view name) {
    for (auto& plan : plans) {
      if (plan.point != name || ++plan.passed != plan.pass) continue;
      say("at " + plan.point);
      raise(plan.signal);
    }
    say(std::string(name));
  });
}

void run_now(const store::Fence& fence, store::Database& database, engine::QueueRunner& runner,
             const std::string& item, std::int64_t worker) {
  const auto mine = fence.run_now(*database.acquire(), item, "person", runner.options().lease, worker);
  base::testpoint("run_now.committed");
  if (mine.claim) runner.submit(*mine.claim);
}

void obey() {
  const std::string shift = "shift ";
  for (std::string line; std::getline(std::cin, line);)
    if (line.starts_with(shift))
      store::sqlite::shift_clock_for_tests(base::Duration(std::stoll(line.substr(shift.size()))));
}

core::Queue queue_for(const Arguments& arguments, Flavour flavour) {
  auto queue = queue_of(flavour);
  queue.history = arguments.contains("history");
  if (const int limit = std::stoi(get(arguments, "per_key", "0")); limit > 0) {
    queue.limits.key = queue.payload.at(0);
    queue.limits.per_key = limit;
    queue.limits.in_flight = get_ms(arguments, "in_flight", "0");
  }
  return queue;
}

void work(const Arguments& arguments) {
  const auto flavour = flavour_of(get(arguments, "flavour"));
  if (const auto boot = get(arguments, "boot"); !boot.empty()) store::pretend_boot_for_tests(boot);
  store::sqlite::shift_clock_for_tests(get_ms(arguments, "ahead", "0"));
  auto database = store::Database::open(get(arguments, "database"), {.connections = 10});
  const store::Fence fence(queue_for(arguments, flavour), database->dialect(),
                           store::own_schema(*database->acquire()));

  std::list<Plan> plans;
  for (auto [at, end] = arguments.equal_range("at"); at != end; ++at) plans.emplace_back(at->second);
  keep_plans(plans);

  Receiver receiver(get(arguments, "receiver"), get_ms(arguments, "timeout", "60000"));
  Posts posts(receiver, flavour);
  std::unique_ptr<engine::Work> work;  // outlives the engine
  engine::Engine engine(*database, base::system_clock(),
                        {.sweep = get_ms(arguments, "sweep", "50"), .state_folder = get(arguments, "state")});
  if (is_once(flavour))
    work = std::make_unique<engine::EffectWork>(engine.context(), fence, posts);
  else
    work = std::make_unique<engine::HandlerWork>(
        engine.context(), fence,
        [&](const engine::Attempt& attempt) { return handle(receiver, flavour, attempt); });
  auto& runner = engine.add(*work, {.concurrency = std::stoi(get(arguments, "concurrency", "1")),
                                    .lease = get_ms(arguments, "lease", "600000"),
                                    .poll = std::chrono::milliseconds(20)});
  if (const auto item = get(arguments, "run_now"); !item.empty())
    run_now(fence, *database, runner, item, engine.context().worker);
  engine.start();
  say("ready");
  obey();
  engine.stop(base::BootClock::now() + std::chrono::seconds(30));
}

}  // namespace
}  // namespace fencepost::crash

int main(int argc, char** argv) {
  fencepost::crash::Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) arguments.emplace(argv[i], argv[i + 1]);
  fencepost::base::configure_log(fencepost::base::LogLevel::info, false);
  // Where somebody stands in SQLite's file, an engine cannot begin; it begins when the file is free.
  for (int tries = 1;; ++tries) {
    try {
      fencepost::crash::work(arguments);
      return 0;
    } catch (const fencepost::base::InfraError& error) {
      std::cerr << "worker failed: " << error.what() << "\n";
      if (!error.retryable() || tries == 5) return 1;
    } catch (const std::exception& error) {
      std::cerr << "worker failed: " << error.what() << "\n";
      return 1;
    }
  }
}
