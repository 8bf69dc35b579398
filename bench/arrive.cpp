// How items come in: enqueuing one by one and in bulk, and how soon an enqueued item starts on an idle
// system.

#include <algorithm>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "bench/measure.hpp"
#include "bench/table.hpp"
#include "engine/handler_work.hpp"

namespace fencepost::bench {

namespace {

// Items first … last - 1, over one connection.
void enqueue_range(store::Connection& connection, std::int64_t first, std::int64_t last, std::int64_t batch) {
  for (auto n = first; n < last; n += batch) {
    if (batch == 1)
      enqueue_one(connection, n);
    else
      enqueue_many(connection, n, std::min(batch, last - n));
  }
}

// One item at a time: when it was asked for, and when its handler began.
class Stopwatch {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    started_.reset();
  }
  void handler_began() {
    const auto at = now();
    const std::lock_guard lock(mutex_);
    started_ = at;
    changed_.notify_all();
  }
  base::BootTime wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [this] { return started_.has_value(); }))
      throw std::runtime_error("an item has not begun after a minute");
    return *started_;
  }
  // A pause, so that each sample finds an idle system, at no fixed distance from anybody's timer.
  void rest() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(20 + base::random_below(40)), [] { return false; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<base::BootTime> started_;
};

}  // namespace

int enqueue(const Options& options) {
  const auto database = open(options.crew);
  Table table(*database, options.crew.kind);
  table.make();
  const std::int64_t share = options.items / options.connections;
  const std::int64_t items = share * options.connections;
  std::vector<store::Database::Lease> connections;
  for (int i = 0; i < options.connections; ++i) {
    connections.push_back(database->acquire());
    enqueue_range(*connections.back(), 0, 100 * options.batch, options.batch);  // warm-up
  }
  const auto before = table.count("queued");
  table.settle_down();

  ready(options);
  const auto begun = now();
  std::vector<std::jthread> threads;
  for (int i = 0; i < options.connections; ++i)
    threads.emplace_back(
        [&, i] { enqueue_range(*connections[i], i * share, (i + 1) * share, options.batch); });
  for (auto& thread : threads) thread.join();
  const double seconds = seconds_since(begun);

  const auto added = table.count("queued") - before;
  std::cout << "{\"items\": " << items << ", \"seconds\": " << seconds << ", \"done\": " << added
            << ", \"per_second\": " << static_cast<double>(items) / seconds << "}\n";
  return added == items ? 0 : 1;
}

int latency(const Options& options) {
  constexpr int kWarmUp = 10;
  const auto database = open(options.crew);
  Table table(*database, options.crew.kind);
  table.make();
  auto connection = database->connect();
  Stopwatch stopwatch;
  engine::Engine engine(*database, base::system_clock());
  engine::HandlerWork work(engine.context(), table.fence(), [&](const engine::Attempt&) {
    stopwatch.handler_began();
    return engine::Outcome::done();
  });
  engine::QueueOptions queue;
  queue.concurrency = options.crew.concurrency;
  engine.add(work, queue);
  engine.start();

  std::vector<double> milliseconds;
  for (int i = 0; i < kWarmUp + options.samples; ++i) {
    if (i == kWarmUp) ready(options);
    stopwatch.rest();
    stopwatch.begin();
    const auto begun = now();
    enqueue_one(*connection, i);
    if (database->dialect() == store::Dialect::sqlite) engine.wake("bench");  // it has no notifications
    const auto started = stopwatch.wait();
    if (i >= kWarmUp)
      milliseconds.push_back(std::chrono::duration<double, std::milli>(started - begun).count());
  }
  engine.stop(now() + std::chrono::seconds(10));

  const auto done = table.done() - kWarmUp;
  std::cout << "{\"items\": " << options.samples << ", \"done\": " << done << ", \"milliseconds\": [";
  for (std::size_t i = 0; i < milliseconds.size(); ++i) std::cout << (i > 0 ? ", " : "") << milliseconds[i];
  std::cout << "]}\n";
  return done == options.samples ? 0 : 1;
}

}  // namespace fencepost::bench
