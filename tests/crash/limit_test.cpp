// A limit of two per key over four processes of eight workers, while some are stopped past their lease in the
// middle of a request, and others killed: never more than two of a key at once, by the receiver's own count,
// which goes on with what it has begun, whatever becomes of the sender. FENCEPOST_CRASH_RUNS=N: more rounds.

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "scene.hpp"

namespace fencepost::crash {
namespace {

using namespace std::chrono_literals;

constexpr int kProcesses = 4, kWorkers = 8, kKeys = 4, kItems = 120, kLimit = 2;
constexpr auto kLease = 1000ms;
// Of a stopped process's request: until its lease has lapsed, its item was rescued, and others had every
// chance. All of it ends before what the seats are kept for.
constexpr auto kHeld = 3s, kKept = 6s;
// Where a stopped process must be rescued from, however busy the machine is: until its item has begun again.
// The seat of a process that lives is kept for an hour.
constexpr auto kHeldToRescue = 15s;

// What befalls the sender of this request, in the order of their arrival, while the receiver works at it.
enum class Fate { stopped, killed, stopped_then_killed };
const std::map<int, Fate> kFates{
    {6, Fate::stopped}, {30, Fate::killed}, {55, Fate::stopped_then_killed}, {80, Fate::stopped}};

// The receiver's side of one round. Thread-safe.
class Counted {
 public:
  explicit Counted(std::chrono::seconds stopped_held) : stopped_held_(stopped_held) {}

  void began_process(pid_t pid) {
    const std::lock_guard lock(mutex_);
    living_.insert(pid);
  }
  // Before it is waited for: from then on its number may be somebody else's.
  void ended_process(pid_t pid) {
    const std::lock_guard lock(mutex_);
    living_.erase(pid);
  }

  void work(const std::string& item, pid_t sender) {
    std::unique_lock lock(mutex_);
    auto& key = keys_[std::stoi(item) % kKeys];
    most_ = std::max(most_, ++key.at_work);
    const int number = ++begun_;
    const int nth = ++begins_[item];
    changed_.notify_all();
    const auto fate = kFates.find(number);
    if (fate == kFates.end()) {
      // So that both seats are used and a third would be seen; not for long, where no other can come.
      changed_.wait_for(lock, 5ms + 1ms * (number % 40),
                        [&, seen = begun_] { return begun_ >= seen + kKeys; });
    } else {
      signal(sender, fate->second == Fate::killed ? SIGKILL : SIGSTOP);
      if (fate->second == Fate::stopped) stopped_.push_back(item);
      changed_.wait_for(lock, fate->second == Fate::stopped ? stopped_held_ : kHeld,
                        [&] { return begins_[item] > nth; });
    }
    --key.at_work;
    if (fate != kFates.end() && fate->second != Fate::killed)
      signal(sender, fate->second == Fate::stopped ? SIGCONT : SIGKILL);
    changed_.notify_all();
  }

  int most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  std::vector<std::string> stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

 private:
  struct Key {
    int at_work = 0;
  };
  void signal(pid_t pid, int number) {
    if (living_.contains(pid)) ::kill(pid, number);
  }

  const std::chrono::seconds stopped_held_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<pid_t> living_;
  std::map<int, Key> keys_;
  std::map<std::string, int> begins_;
  std::vector<std::string> stopped_;
  int begun_ = 0, most_ = 0;
};

class Limit : public ::testing::TestWithParam<std::tuple<Dialect, Flavour>> {
 protected:
  Dialect dialect() const { return std::get<0>(GetParam()); }
  Flavour flavour() const { return std::get<1>(GetParam()); }

  // Who is stopped while it writes to SQLite's file keeps everybody from rescuing; an unknown effect has no
  // second attempt.
  bool must_rescue() const { return dialect() == Dialect::postgres && flavour() == Flavour::repeatable; }

  void round() {
    Counted counted(must_rescue() ? kHeldToRescue : kHeld);
    Scene scene(dialect(), flavour(), kItems);
    scene.world().run(dialect() == Dialect::sqlite
                          ? "UPDATE {table} SET {payload} = 'key ' || (CAST({key} AS INTEGER) % ?1)"
                          : "UPDATE {table} SET {payload} = 'key ' || ({key}::text::int % ?1::int)",
                      {kKeys});
    scene.receiver().on_work([&](const std::string& item, pid_t sender) { counted.work(item, sender); });
    const How how{.concurrency = kWorkers,
                  .lease = kLease,
                  .timeout = is_once(flavour()) ? std::chrono::milliseconds(kKept) : 60s,
                  .per_key = kLimit,
                  .in_flight = kKept};
    const auto start = [&] { counted.began_process(scene.start(how).pid()); };
    for (int i = 0; i < kProcesses; ++i) start();
    scene.until("all items end", [&] {
      const auto ended = std::count_if(scene.processes().begin(), scene.processes().end(),
                                       [](auto& p) { return p->ended() && !p->waited(); });
      for (auto& process : scene.processes()) {
        if (process->waited() || !process->ended()) continue;
        counted.ended_process(process->pid());
        EXPECT_EQ(process->wait(), -SIGKILL);
      }
      for (int i = 0; i < ended; ++i) start();
      return scene.all_ended();
    });
    end(scene, counted);
    EXPECT_EQ(counted.most(), kLimit) << "both seats of a key were used, and never a third";
    const auto stopped = counted.stopped();
    rescued_ += std::count_if(stopped.begin(), stopped.end(),
                              [&](const auto& item) { return scene.read(item).attempt > 1; });
    scene.judge(0, is_once(flavour()) ? kItems : 0);
    tally("limit of 2 per key " + store::testing::dialect_name(dialect()) + " " + name(flavour()));
  }

  std::int64_t rescued_ = 0;

 private:
  static void end(Scene& scene, Counted& counted) {
    for (auto& process : scene.processes())
      if (!process->waited()) process->end_input();
    scene.until("the workers end", [&] {
      return std::all_of(scene.processes().begin(), scene.processes().end(),
                         [](auto& p) { return p->ended(); });
    });
    for (auto& process : scene.processes()) {
      if (process->waited()) continue;
      counted.ended_process(process->pid());
      const int status = process->ended() ? process->wait() : -1;
      EXPECT_TRUE(status == 0 || status == -SIGKILL) << "a worker ended with " << status;
    }
  }
};

TEST_P(Limit, NeverMoreThanTwoOfAKeyAtTheReceiver) {
  const char* runs = std::getenv("FENCEPOST_CRASH_RUNS");
  const int rounds = runs ? std::stoi(runs) : 1;
  for (int i = 0; i < rounds && !HasFailure(); ++i) round();
  if (must_rescue()) {
    EXPECT_GT(rescued_, 0) << "nobody was stopped past a lease";
  }
}

INSTANTIATE_TEST_SUITE_P(Crash, Limit,
                         ::testing::Combine(::testing::Values(Dialect::sqlite, Dialect::postgres),
                                            ::testing::Values(Flavour::repeatable, Flavour::once)),
                         [](const auto& one) {
                           return store::testing::dialect_name(std::get<0>(one.param)) + "_" +
                                  name(std::get<1>(one.param));
                         });

}  // namespace
}  // namespace fencepost::crash
