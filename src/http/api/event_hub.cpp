#include "http/api/event_hub.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "accounts/tokens.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "http/api/event_text.hpp"

namespace fencepost::http {

namespace {
// Of those who catch up from the database, so many pages are read between two looks at what is new.
constexpr int kPagesATurn = 20;
constexpr std::chrono::milliseconds kCatchUp{10};

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}
}  // namespace

EventHub::EventHub(store::Database& database, const base::Clock& clock, std::unique_ptr<EventViewers> viewers,
                   const EventHubOptions& options)
    : database_(database),
      clock_(clock),
      viewers_(std::move(viewers)),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

EventHub::~EventHub() { stop(); }

bool EventHub::admit(const Principal& who) {
  const std::lock_guard lock(mutex_);
  const auto at = shared_.counts.find(who);
  return at == shared_.counts.end() || at->second < options_.each;
}

std::optional<std::int64_t> EventHub::newest() {
  std::unique_lock lock(mutex_);
  ++shared_.asking;
  changed_.notify_all();
  changed_.wait_for(lock, options_.newest, [this] { return shared_.tail || shared_.stopped; });
  --shared_.asking;
  return shared_.stopped ? std::nullopt : shared_.tail;
}

void EventHub::listen(const Principal& who, std::int64_t after, std::shared_ptr<Sink> sink) {
  std::unique_lock lock(mutex_);
  if (shared_.stopped) {
    lock.unlock();
    return sink->close();
  }
  ++shared_.counts[who];
  ++shared_.listeners;
  shared_.incoming.emplace_back(who, Listener{.sink = std::move(sink), .cursor = after});
  changed_.notify_all();
}

std::size_t EventHub::listeners() const {
  const std::lock_guard lock(mutex_);
  return shared_.listeners;
}

void EventHub::wake() {
  const std::lock_guard lock(mutex_);
  shared_.woken = true;
  changed_.notify_all();
}

void EventHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    shared_.stopped = true;
    changed_.notify_all();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void EventHub::run(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    const auto news = [this] {
      return shared_.woken || !shared_.incoming.empty() || (shared_.asking > 0 && !shared_.tail && asleep_);
    };
    if (asleep_)
      changed_.wait(lock, stop, news);
    else
      changed_.wait_for(lock, stop,
                        behind_ ? std::min<base::Duration>(kCatchUp, options_.poll) : options_.poll, news);
    shared_.woken = false;
    lock.unlock();
    if (stop.stop_requested()) break;
    turn();
  }
  welcome();
  end_all();
}

void EventHub::turn() {
  welcome();
  try {
    auto connection = database_.acquire();
    check_viewers(*connection);
    read_tail(*connection);
    fan_out(*connection);
    catch_up(*connection);
  } catch (const std::exception& error) {
    base::log(base::LogLevel::debug, "events not read", {{"error", error.what()}});
    if (clock_.boot() - checked_ > options_.unchecked) end_all();
  }
  send_heartbeats();
  forget_closed();
  publish();
}

// Where nobody listens or asks, nothing is read, and "now" is not known any more.
void EventHub::publish() {
  const std::lock_guard lock(mutex_);
  asleep_ = groups_.empty() && shared_.incoming.empty() && shared_.asking == 0;
  fresh_ = fresh_ || asleep_;
  shared_.tail = fresh_ || goal_ ? std::nullopt : std::optional(tail_);
  if (shared_.tail) changed_.notify_all();
}

void EventHub::welcome() {
  std::vector<std::pair<Principal, Listener>> incoming;
  {
    const std::lock_guard lock(mutex_);
    incoming.swap(shared_.incoming);
  }
  if (incoming.empty()) return;
  if (groups_.empty()) checked_ = clock_.boot() - options_.recheck;
  const auto hello = shared("retry: " + std::to_string(1000 + base::random_below(4000)) + "\n\n");
  for (auto& [who, listener] : incoming) {
    const auto [group, made] = groups_.try_emplace(who);
    // Its request was authorised just now; what it may see is asked before anything is sent.
    if (made) checked_ = std::min(checked_, clock_.boot() - options_.recheck);
    listener.sink->write(hello);
    group->second.listeners.push_back(std::move(listener));
  }
}

void EventHub::check_viewers(store::Connection& connection) {
  const auto now = clock_.boot();
  if (groups_.empty() || now - checked_ < options_.recheck) return;
  std::vector<Principal> who;
  for (const auto& [principal, group] : groups_) who.push_back(principal);
  const auto alive = viewers_->alive(connection, who);
  for (std::size_t i = 0; i < who.size(); ++i) {
    auto& group = groups_[who[i]];
    group.everything = alive[i] && alive[i]->at_least(accounts::Role::operator_);
    group.person = alive[i] ? alive[i]->person : std::nullopt;
    if (alive[i]) continue;
    for (auto& listener : group.listeners) listener.sink->close();
  }
  checked_ = now;
}

// Where everybody may read now who does not see everything.
void EventHub::read_rooms(store::Connection& connection) {
  std::vector<std::int64_t> people;
  std::vector<Group*> theirs;
  for (auto& [who, group] : groups_) {
    group.rooms.clear();
    if (group.everything || !group.person) continue;
    people.push_back(*group.person);
    theirs.push_back(&group);
  }
  if (people.empty()) return;
  auto rooms = viewers_->rooms_of_people(connection, people);
  for (std::size_t i = 0; i < theirs.size(); ++i) theirs[i]->rooms = std::move(rooms[i]);
}

bool EventHub::sees(const Group& group, const Rooms& rooms) {
  return group.everything || std::any_of(rooms.begin(), rooms.end(),
                                         [&](const Room& room) { return group.rooms.contains(room); });
}

void EventHub::read_tail(store::Connection& connection) {
  const auto horizon = horizon_.look(connection);
  if (std::exchange(fresh_, false)) goal_ = horizon_.issued();
  if (goal_) {
    // Until then nobody knows where "now" is: the horizon may still be where it was long ago.
    if (horizon < *goal_) return;
    goal_.reset();
    recent_.clear();
    recent_from_ = tail_ = horizon;
  }
  if (horizon < tail_) return restart(horizon);
  while (tail_ < horizon) {
    auto page = store::events_page(connection, tail_, horizon, options_.page);
    if (page.lost_until > 0) restart(page.lost_until);
    auto rooms = viewers_->rooms_of_events(connection, page.events);
    const bool full = page.events.size() == static_cast<std::size_t>(options_.page);
    tail_ = full ? page.events.back().id : std::max(tail_, horizon);
    for (std::size_t i = 0; i < page.events.size(); ++i)
      recent_.push_back({page.events[i].id, std::move(rooms[i]), event_text(page.events[i])});
    fan_out(connection);
    while (recent_.size() > options_.recent) {
      recent_from_ = recent_.front().id;
      recent_.pop_front();
    }
  }
}

// The stream goes on at `at`, and whatever anybody read is not what the database has now.
void EventHub::restart(std::int64_t at) {
  recent_.clear();
  recent_from_ = tail_ = at;
  const auto text = shared(reset_text(at));
  for_each([&](Group&, Listener& listener) {
    if (!listener.placed || !listener.live) return;
    listener.sink->write(text);
    listener.cursor = at;
  });
}

void EventHub::place(Listener& listener) {
  listener.placed = true;
  if (listener.cursor > horizon_.issued()) {  // of a database that was restored since
    listener.sink->write(shared(reset_text(tail_)));
    listener.cursor = tail_;
  } else {
    listener.sink->write(shared(mark_text(listener.cursor)));
  }
  listener.live = listener.cursor >= tail_;
}

void EventHub::fan_out(store::Connection& connection) {
  if (goal_) return;
  bool asked = false;  // nobody is asked about where there is nothing to tell
  for (auto& [who, group] : groups_) {
    std::map<std::int64_t, std::pair<Chunk, std::int64_t>> made;  // by what was sent before
    for (auto& listener : group.listeners) {
      if (!listener.placed) place(listener);
      if (!listener.live || listener.cursor >= tail_) continue;
      if (!std::exchange(asked, true)) read_rooms(connection);
      const auto [at, fresh] = made.try_emplace(listener.cursor);
      auto& [chunk, upto] = at->second;
      if (fresh) chunk = recent_after(group, listener.cursor, upto, std::string::npos);
      if (chunk) listener.sink->write(chunk);
      listener.cursor = upto;
    }
  }
}

// What the group sees of the recent events after `after`; `upto`: how far that goes. Null: nothing of it.
EventHub::Chunk EventHub::recent_after(const Group& group, std::int64_t after, std::int64_t& upto,
                                       std::size_t bytes) const {
  std::string text;
  auto at = std::upper_bound(recent_.begin(), recent_.end(), after,
                             [](std::int64_t id, const Recent& recent) { return id < recent.id; });
  for (; at != recent_.end() && text.size() < bytes; ++at) {
    upto = at->id;
    if (sees(group, at->rooms)) text += at->text;
  }
  if (at == recent_.end()) upto = tail_;
  return text.empty() ? nullptr : shared(std::move(text));
}

void EventHub::catch_up(store::Connection& connection) {
  behind_ = false;
  if (goal_) return;
  int pages = 0;
  bool asked = false;
  for (auto& [who, group] : groups_)
    for (auto& listener : group.listeners) {
      if (!listener.placed || listener.live || !listener.sink->open()) continue;
      if (!listener.sink->drained()) continue;
      behind_ = true;  // go on soon: there is somebody who reads
      if (pages >= kPagesATurn) continue;
      if (!std::exchange(asked, true)) read_rooms(connection);
      if (send_missed(connection, group, listener)) ++pages;
      listener.live = listener.cursor >= tail_;
    }
}

// One page; true where it was read from the database.
bool EventHub::send_missed(store::Connection& connection, const Group& group, Listener& listener) {
  if (listener.cursor >= recent_from_) {
    if (const auto chunk = recent_after(group, listener.cursor, listener.cursor, options_.page_bytes))
      listener.sink->write(chunk);
    return false;
  }
  const auto page = store::events_page(connection, listener.cursor, tail_, options_.page);
  const auto rooms = group.everything ? std::vector<Rooms>(page.events.size())
                                      : viewers_->rooms_of_events(connection, page.events);
  std::string text;
  if (page.lost_until > 0) text = reset_text(listener.cursor = page.lost_until);
  const bool full = page.events.size() == static_cast<std::size_t>(options_.page);
  if (!full) listener.cursor = std::max(listener.cursor, tail_);
  for (std::size_t i = 0; i < page.events.size(); ++i) {
    const auto& event = page.events[i];
    if (sees(group, rooms[i])) text += event_text(event);
    if (full || text.size() >= options_.page_bytes) listener.cursor = event.id;
    if (text.size() >= options_.page_bytes) break;
  }
  if (!text.empty()) listener.sink->write(shared(std::move(text)));
  return true;
}

// Keeps proxies from closing what is quiet, lets a page know that its line is alive, and moves the place on
// from which somebody comes back who saw little of what happened.
void EventHub::send_heartbeats() {
  const auto now = clock_.boot();
  if (now - beaten_ < options_.heartbeat) return;
  beaten_ = now;
  const auto plain = shared(beat_text(std::nullopt)), mark = shared(beat_text(tail_));
  for_each([&](Group&, Listener& listener) {
    listener.sink->write(listener.live && listener.cursor == tail_ ? mark : plain);
  });
}

void EventHub::forget_closed() {
  for (auto group = groups_.begin(); group != groups_.end();) {
    const auto gone = static_cast<std::size_t>(std::erase_if(
        group->second.listeners, [](const Listener& listener) { return !listener.sink->open(); }));
    if (gone > 0) {
      const std::lock_guard lock(mutex_);
      shared_.listeners -= gone;
      const auto count = shared_.counts.find(group->first);
      if ((count->second -= gone) == 0) shared_.counts.erase(count);
    }
    group = group->second.listeners.empty() ? groups_.erase(group) : std::next(group);
  }
}

void EventHub::end_all() {
  for_each([](Group&, Listener& listener) { listener.sink->close(); });
  forget_closed();
}

template <typename Each>
void EventHub::for_each(Each&& each) {
  for (auto& [who, group] : groups_)
    for (auto& listener : group.listeners) each(group, listener);
}

}  // namespace fencepost::http
