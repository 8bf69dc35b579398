// Ours in the races: a worker whose effect is an HTTP request, and the acts of people on its queue.
//
// race_worker work    URL once|repeatable RECEIVER   works until a line or the end comes on standard input
// race_worker enqueue URL once|repeatable COUNT      makes the table and adds the items
// race_worker stop    URL once|repeatable            stops every item; answers as {"in_flight": 20}
// race_worker states  URL once|repeatable            {"done": 20}

#include <iostream>
#include <map>
#include <stdexcept>

#include "base/log.hpp"
#include "bench/table.hpp"
#include "connect/http_client.hpp"
#include "engine/effect_work.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"

namespace fencepost {
namespace {

constexpr int kConcurrency = 20;
constexpr std::int64_t kAllRows = 1'000'000;
constexpr auto kLease = std::chrono::seconds(2);

// The receiver counts `effect`, and may hold its answers to the others, so that a worker is where a race
// wants it.
class Receiver {
 public:
  explicit Receiver(std::string url)
      : url_(std::move(url)), client_({{.allow_private = true}}, base::system_clock()) {}
  // False: the request certainly did not leave.
  bool tell(const char* what, const std::string& item, base::BootTime deadline) {
    connect::HttpRequest request;
    request.method = "POST";
    request.url = url_ + "/" + what + "/" + item;
    request.deadline = deadline;
    const auto result = client_.call(request);
    return !result.failure || result.failure->sent != connect::Sent::no_byte_left;
  }

 private:
  const std::string url_;
  connect::HttpClient client_;
};

base::BootTime in_a_minute() { return base::system_clock().boot() + std::chrono::minutes(1); }

class Sender final : public engine::EffectApp {
 public:
  explicit Sender(Receiver& receiver) : receiver_(receiver) {}
  std::variant<engine::Rendered, engine::NotNow> render(store::Connection&, const store::Claim& claim,
                                                        const std::string&) override {
    receiver_.tell("begin", claim.item, in_a_minute());
    return engine::Rendered{claim.payload, "receiver", std::chrono::seconds(30), {}, {}};
  }
  store::EffectResult send(const store::Effect& effect, const engine::Rendered&,
                           base::BootTime deadline) override {
    receiver_.tell("gated", effect.item, in_a_minute());
    if (!receiver_.tell("effect", effect.item, deadline))
      return {store::Verdict::did_not_happen, {}, {}, {}, {}};
    receiver_.tell("after", effect.item, in_a_minute());
    return {store::Verdict::happened, {}, {}, {}, {}};
  }
  // A receiver that promises nothing: what it cannot say stays unknown (rule 10).
  store::EffectResult look(const store::Reconcile&, std::stop_token) override { return {}; }
  bool refuses_second_arrival(const store::Effect&, base::Duration) override { return false; }
  void settled(store::Connection&, const store::Effect&, const store::EffectResult&) override {}
  bool writes_its_own() const override { return false; }

 private:
  Receiver& receiver_;
};

void work(store::Database& database, const store::Fence& fence, const std::string& url) {
  Receiver receiver(url);
  Sender sender(receiver);
  std::unique_ptr<engine::Work> work;
  engine::EngineOptions options;
  options.sweep = std::chrono::milliseconds(200);
  engine::Engine engine(database, base::system_clock(), options);
  if (fence.queue().kind == core::Kind::once) {
    work = std::make_unique<engine::EffectWork>(engine.context(), fence, sender);
  } else {
    work = std::make_unique<engine::HandlerWork>(engine.context(), fence,
                                                 [&receiver](const engine::Attempt& attempt) {
                                                   for (const auto* what : {"begin", "effect", "after"})
                                                     receiver.tell(what, attempt.claim().item, in_a_minute());
                                                   return engine::Outcome::done();
                                                 });
  }
  engine::QueueOptions queue;
  queue.concurrency = kConcurrency;
  queue.lease = kLease;
  queue.poll = std::chrono::milliseconds(200);
  engine.add(*work, queue);
  engine.start();
  std::cout << "working" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  engine.stop(base::system_clock().boot() + std::chrono::seconds(5));
}

void print(const std::map<std::string, std::int64_t>& counts) {
  const char* separator = "{";
  for (const auto& [word, count] : counts) {
    std::cout << separator << '"' << word << "\": " << count;
    separator = ", ";
  }
  std::cout << (counts.empty() ? "{}" : "}") << '\n';
}

int run(const std::vector<std::string>& args) {
  if (args.size() < 3)
    throw std::runtime_error("usage: race_worker work|enqueue|stop|states URL KIND [MORE]");
  const auto kind = args[2] == "once" ? core::Kind::once : core::Kind::repeatable;
  const auto database = store::Database::open(args[1], {.connections = kConcurrency + 8});
  bench::Table table(*database, kind);
  if (args[0] == "work") {
    work(*database, table.fence(), args.at(3));
    return 0;
  }
  auto connection = database->acquire();
  std::map<std::string, std::int64_t> counts;
  if (args[0] == "enqueue") {
    table.make();
    table.fill(std::stol(args.at(3)));
  } else if (args[0] == "stop") {
    for (std::int64_t item = 1; table.fence().read(*connection, std::to_string(item)); ++item)
      ++counts[std::string(core::name(table.fence().stop(*connection, std::to_string(item), "race")))];
  }
  if (args[0] != "stop")
    for (const auto& count : table.fence().counts(*connection, kAllRows)) counts[count.word] = count.items;
  print(counts);
  return 0;
}

}  // namespace
}  // namespace fencepost

int main(int argc, char** argv) {
  fencepost::base::configure_log(fencepost::base::LogLevel::error, false);
  try {
    return fencepost::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "race_worker: " << error.what() << '\n';
    return 1;
  }
}
