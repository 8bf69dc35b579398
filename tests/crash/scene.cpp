#include "scene.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "base/random.hpp"
#include "store/verify.hpp"

namespace fencepost::crash {

namespace {
using core::State;
constexpr auto kPatience = std::chrono::seconds(90);
std::map<std::string, int>& runs() {
  static std::map<std::string, int> counted;
  return counted;
}

class PrintTally : public ::testing::Environment {
 public:
  void TearDown() override {
    int total = 0;
    for (const auto& [what, count] : runs()) {
      std::cout << "crash runs: " << count << " x " << what << "\n";
      total += count;
    }
    std::cout << "crash runs: " << total << " in all" << std::endl;
  }
};
const auto* const g_print_tally = ::testing::AddGlobalTestEnvironment(new PrintTally);
}  // namespace

void tally(const std::string& what) { ++runs()[what]; }

Scene::Scene(Dialect dialect, Flavour flavour, int items)
    : flavour_(flavour),
      world_(dialect, kind_of(flavour), store::testing::patient(), store::testing::World::Home::schema),
      folder_(std::filesystem::temp_directory_path() / ("fencepost-crash-" + base::random_hex(8))),
      log_((folder_ / "log").string()),
      url_(world_.url()),
      receiver_(flavour == Flavour::refusing) {
  // A worker that dies must not take the driver with it.
  ::signal(SIGPIPE, SIG_IGN);
  std::filesystem::create_directories(folder_);
  world_.script("CREATE TABLE own_writes (item TEXT NOT NULL)");
  add(items);
}

void Scene::add(int items) {
  for (int i = 0; i < items; ++i) items_.push_back(world_.add(std::to_string(items_.size() + 1)));
}

Scene::~Scene() {
  processes_.clear();
  store::testing::shift_clock(world_, {});
  if (::testing::Test::HasFailure() && std::filesystem::exists(log_))
    std::cout << std::ifstream(log_).rdbuf() << std::endl;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Process& Scene::start(const How& how) {
  std::vector<std::string> arguments{"database",    url_,
                                     "flavour",     name(flavour_),
                                     "receiver",    receiver_.url(),
                                     "state",       (folder_ / "state").string(),
                                     "concurrency", std::to_string(how.concurrency),
                                     "lease",       std::to_string(how.lease.count()),
                                     "timeout",     std::to_string(how.timeout.count()),
                                     "ahead",       std::to_string(ahead_.count()),
                                     "sweep",       std::to_string(how.sweep.count()),
                                     "per_key",     std::to_string(how.per_key),
                                     "in_flight",   std::to_string(how.in_flight.count())};
  if (how.history) arguments.insert(arguments.end(), {"history", "yes"});
  if (!how.boot.empty()) arguments.insert(arguments.end(), {"boot", how.boot});
  if (!how.run_now.empty()) arguments.insert(arguments.end(), {"run_now", how.run_now});
  for (const auto& at : how.at) arguments.insert(arguments.end(), {"at", at});
  processes_.push_back(std::make_unique<Process>(arguments, log_));
  return *processes_.back();
}

void Scene::shift_clock(std::chrono::seconds by) {
  store::testing::shift_clock(world_, by);
  ahead_ = world_.dialect() == Dialect::sqlite ? by : std::chrono::seconds(0);
  if (world_.dialect() != Dialect::sqlite) return;
  for (auto& process : processes_)
    if (!process->ended()) process->tell("shift " + std::to_string(base::Duration(by).count()));
}

void Scene::listen(std::chrono::milliseconds longest) {
  std::vector<pollfd> fds;
  std::vector<Process*> of;
  for (auto& process : processes_) {
    if (process->ended()) continue;
    fds.push_back({process->fd(), POLLIN, 0});
    of.push_back(process.get());
  }
  if (poll(fds.data(), fds.size(), static_cast<int>(longest.count())) <= 0) return;
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (fds[i].revents != 0) of[i]->take();
}

bool Scene::until(const std::string& what, const std::function<bool()>& good) {
  const auto end = base::BootClock::now() + kPatience;
  while (!good()) {
    const bool nobody = std::all_of(processes_.begin(), processes_.end(), [](auto& p) { return p->ended(); });
    if (nobody || base::BootClock::now() >= end) {
      ADD_FAILURE() << "did not happen: " << what << (nobody ? "; nobody is left" : "");
      return false;
    }
    listen(std::chrono::milliseconds(200));
  }
  return true;
}

bool Scene::ready(Process& process) {
  return until("ready", [&] { return process.said("ready") || process.ended(); }) &&
         process.said("ready") > 0;
}

bool Scene::killed_at(Process& process, const std::string& point) {
  if (!until("killed at " + point, [&] { return process.ended() || all_ended(); })) return false;
  if (!process.ended() && !process.said("at " + point)) {
    ADD_FAILURE() << "never reached: " << point;
    return false;
  }
  const int status = process.wait();
  EXPECT_EQ(status, -SIGKILL) << "at " << point;
  return status == -SIGKILL && (point.empty() || process.said("at " + point) > 0);
}

bool Scene::stopped_at(Process& process, const std::string& point) {
  const auto line = "at " + point;
  if (!until("stopped at " + point, [&] { return process.said(line) || process.ended() || all_ended(); }))
    return false;
  if (process.said(line) && process.wait_stopped()) return true;
  ADD_FAILURE() << "never stopped at " << point;
  return false;
}

store::Snapshot Scene::read(const std::string& item) {
  return world_.fence().read(world_.onlooker(), item).value();
}

int Scene::in_state(State state) {
  return static_cast<int>(world_
                              .run("SELECT count(*) FROM {table} WHERE {status} = ?1",
                                   {core::word_of(world_.queue(), state)})[0][0]
                              .integer());
}

bool Scene::all_ended() {
  return in_state(State::done) + in_state(State::failed) + in_state(State::stopped) +
             in_state(State::unknown) ==
         static_cast<int>(items_.size());
}

bool Scene::until_all_ended() {
  return until("all items end", [this] { return all_ended(); });
}

core::StopAnswer Scene::stop(const std::string& item) {
  return world_.fence().stop(world_.b(), item, "person");
}

void Scene::end() {
  for (auto& process : processes_)
    if (!process->waited()) process->end_input();
  until("the workers end", [this] {
    return std::all_of(processes_.begin(), processes_.end(), [](auto& p) { return p->ended(); });
  });
  for (auto& process : processes_) {
    const bool killed_before = process->waited();
    const int status = process->ended() ? process->wait() : -1;
    EXPECT_TRUE(killed_before || status == 0) << "a worker ended with " << status;
  }
}

int Scene::own_writes_of(const std::string& item) {
  return static_cast<int>(
      world_.run("SELECT count(*) FROM own_writes WHERE item = ?1", {item})[0][0].integer());
}

void Scene::judge_once(const std::string& item, const store::Snapshot& seen) {
  const int arrivals = receiver_.arrivals(item), written = own_writes_of(item);
  EXPECT_LE(arrivals, 1) << "F3: item " << item << " took effect again";
  switch (seen.state) {
    case State::done:
      EXPECT_EQ(arrivals, 1) << "item " << item << " is done";
      EXPECT_EQ(written, own_writes(flavour_) ? 1 : 0) << "item " << item << " is done";
      break;
    case State::unknown:
      EXPECT_TRUE(seen.effect_open() && seen.outcome == core::EffectOutcome::unknown && seen.last_error)
          << "item " << item << " is unknown without evidence";
      EXPECT_EQ(written, 0) << "item " << item << " is unknown";
      break;
    case State::stopped:
      EXPECT_EQ(arrivals, 0) << "F2: item " << item << " was stopped";
      break;
    default:
      ADD_FAILURE() << "F5: item " << item << " is still " << seen.word;
  }
}

void Scene::judge_repeatable(const std::string& item, const store::Snapshot& seen) {
  if (seen.state == State::stopped) return;
  EXPECT_EQ(seen.state, State::done) << "F5: item " << item << " is still " << seen.word;
  EXPECT_GE(receiver_.arrivals(item), 1) << "item " << item;
  EXPECT_EQ(own_writes_of(item), own_writes(flavour_) ? 1 : 0) << "rule 5: item " << item;
}

void Scene::judge(int least_unknown, int most_unknown) {
  int unknown = 0;
  for (const auto& item : items_) {
    const auto seen = read(item);
    unknown += seen.state == State::unknown;
    is_once(flavour_) ? judge_once(item, seen) : judge_repeatable(item, seen);
  }
  EXPECT_GE(unknown, least_unknown);
  EXPECT_LE(unknown, most_unknown);
  for (const auto& v : store::verify(world_.onlooker(), std::span(&world_.fence(), 1)))
    ADD_FAILURE() << "verify: " << v.promise << " " << v.queue << " " << v.item << ": " << v.what;
}

}  // namespace fencepost::crash
