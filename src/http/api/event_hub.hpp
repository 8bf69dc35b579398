#pragma once
// The history, live: one reader a process, and everybody who listens (server-sent events, WHATWG HTML §9.2).

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "http/message.hpp"
#include "store/event_feed.hpp"

namespace fencepost::http {

using accounts::Principal;

struct EventHubOptions {
  base::Duration poll = std::chrono::milliseconds(250);  // while somebody listens; nobody: no look at all
  base::Duration heartbeat = std::chrono::seconds(15);   // web/src/api/events.ts misses it after three
  base::Duration recheck = std::chrono::seconds(15);     // who may still listen
  // A stream ends where that could not be found out for so long: the database is away.
  base::Duration unchecked = std::chrono::seconds(30);
  std::size_t recent = 4096;                        // events kept in memory, for those who come back soon
  int page = 200;                                   // events read at once
  std::size_t page_bytes = 64 * 1024;               // sent at once to somebody who catches up
  std::size_t each = 1000;                          // streams of one principal
  base::Duration newest = std::chrono::seconds(5);  // for newest() to find out what that is
};

// What an event belongs to, and what somebody reads all events of.
struct Room {
  enum class Kind { person, show, channel };
  Kind kind;
  std::int64_t id;
  auto operator<=>(const Room&) const = default;
};
using Rooms = std::set<Room>;

// Who may see what. Called on the hub's thread alone; may throw as a handler does.
class EventViewers {
 public:
  virtual ~EventViewers() = default;
  // Of callers that were let in a while ago: as who they may still read, in the same order; nullopt: not any
  // more, and their streams end. Operators see everything.
  virtual std::vector<std::optional<Principal>> alive(store::Connection& connection,
                                                      const std::vector<Principal>& who) = 0;
  // Where each of these people may read at this moment: asked after the events, so that what happened after
  // somebody's right had ended is not told to him.
  virtual std::vector<Rooms> rooms_of_people(store::Connection& connection,
                                             const std::vector<std::int64_t>& people) = 0;
  // Where each of these events may be read; none: by operators alone.
  virtual std::vector<Rooms> rooms_of_events(store::Connection& connection,
                                             const std::vector<store::Event>& events) = 0;
};

// Thread-safe. One thread of its own reads, and writes to all; nothing is read for one listener but what he
// missed for so long that it is not in memory any more. Who may see what is asked once for all events and all
// listeners of a turn.
class EventHub {
 public:
  // The database and the clock outlive the hub; the hub outlives the routes.
  EventHub(store::Database& database, const base::Clock& clock, std::unique_ptr<EventViewers> viewers,
           const EventHubOptions& options = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // False: the principal has too many streams.
  bool admit(const Principal& who);
  // The last event, or one of a moment before, to begin behind it: whatever is committed after this call is
  // told to who listens from there. Waits for a look at the database, and for the writers that were at work;
  // nullopt after `newest`, or once stopped.
  std::optional<std::int64_t> newest();
  // Begins behind the event `after`.
  void listen(const Principal& who, std::int64_t after, std::shared_ptr<Sink> sink);
  std::size_t listeners() const;
  // Looks at once: somebody knows that something happened.
  void wake();
  // Ends all streams and the thread. Again: nothing.
  void stop();

 private:
  using Chunk = std::shared_ptr<const std::string>;
  struct Listener {
    std::shared_ptr<Sink> sink;
    std::int64_t cursor = 0;  // what it was sent, or need not be
    bool placed = false;      // that was compared with what the database has
    bool live = false;        // else it catches up, a page whenever it has read the one before
  };
  // One token, or one session: what it may see is its own, and may end before another's of the same person.
  struct ByCredential {
    bool operator()(const Principal& a, const Principal& b) const {
      return std::tie(a.token_id, a.session_id) < std::tie(b.token_id, b.session_id);
    }
  };
  struct Group {  // of one principal
    std::optional<std::int64_t> person;
    bool everything = false;
    Rooms rooms;
    std::vector<Listener> listeners;
  };
  struct Recent {
    std::int64_t id;
    Rooms rooms;
    std::string text;
  };
  struct Shared {
    std::vector<std::pair<Principal, Listener>> incoming;
    std::map<Principal, std::size_t, ByCredential> counts;
    std::size_t listeners = 0;
    std::size_t asking = 0;            // callers of newest()
    std::optional<std::int64_t> tail;  // where "now" is; none: nobody looks, or it is not known yet
    bool woken = false, stopped = false;
  };

  void run(const std::stop_token& stop);
  void turn();
  void welcome();
  void check_viewers(store::Connection& connection);
  void read_rooms(store::Connection& connection);
  static bool sees(const Group& group, const Rooms& rooms);
  void read_tail(store::Connection& connection);
  void place(Listener& listener);
  void fan_out(store::Connection& connection);
  void catch_up(store::Connection& connection);
  bool send_missed(store::Connection& connection, const Group& group, Listener& listener);
  void restart(std::int64_t at);
  void send_heartbeats();
  void forget_closed();
  void publish();
  void end_all();
  template <typename Each>
  void for_each(Each&& each);
  Chunk recent_after(const Group& group, std::int64_t after, std::int64_t& upto, std::size_t bytes) const;

  store::Database& database_;
  const base::Clock& clock_;
  const std::unique_ptr<EventViewers> viewers_;
  const EventHubOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Shared shared_;

  // Of the thread alone.
  store::EventHorizon horizon_;
  std::map<Principal, Group, ByCredential> groups_;
  std::deque<Recent> recent_;  // all after recent_from_ and up to tail_
  std::int64_t recent_from_ = 0, tail_ = 0;
  std::optional<std::int64_t> goal_;  // the horizon from which on the tail is known; none: it is
  bool asleep_ = true, behind_ = false;
  bool fresh_ = true;  // nothing was read since the hub slept
  base::BootTime checked_{}, beaten_{};

  std::jthread thread_;  // last: it uses the others
};

}  // namespace fencepost::http
