#pragma once
// A channel as it is planned on, under its lock, and the takes of one upload there. Inside upload/ only.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/upload/service.hpp"

namespace fencepost::upload {

// A bucket filled between the plan and the take: by a call of an upload or of the live check, which wait for
// no turn. The transaction is to be rolled back and made again.
struct Filled {};

class Places {
 public:
  // Waits for its turn at the quota project, locks the channel, and the project so that its limits stay, and
  // reads what is taken of them, and which of these videos the channel has. nullopt: there is none.
  static std::optional<Places> open(store::Connection& connection, std::int64_t channel,
                                    const std::vector<store::Params>& videos = {});
  // The same without a lock, for looking.
  static std::optional<Places> look(store::Connection& connection, std::int64_t channel);

  const Channel& channel() const { return *channel_; }  // without its people
  // Of the videos that were asked for: those that the channel has, with their uploads.
  const std::map<std::int64_t, std::int64_t>& videos() const { return videos_; }
  const Project& project() const { return project_; }
  const Planner& planner() const { return planner_; }

  // Where a wish can be had: counted in the planner, or refused.
  std::variant<Place, Refused> choose(const std::string& kind, const std::optional<base::Micros>& at);
  // What an upload that moves holds here comes back to the plan: what the ledger says, and not its row. Its
  // call may be of another project, and another program may have moved it.
  void give_back(const std::vector<store::LedgerEntry>& held);
  // Makes and locks, in the order of locks, all buckets that these takes need, and `held`.
  struct Taking {
    std::string item, kind;
    Place place{};
    int attempt = 0;  // of the call that opens its session
  };
  void open_buckets(const std::vector<Taking>& takings, std::vector<store::BucketKey> held = {});
  // Throws Filled.
  void take(const std::vector<Taking>& takings);
  // Of uploads that this transaction has made; with `beside` in the same round trip.
  void take_new(const std::vector<Taking>& takings, std::vector<store::Connection::Call> beside);

 private:
  Places(store::Connection& connection, std::unique_ptr<Channel> channel, Project project, Load load,
         base::Micros now);
  static std::optional<Places> read(store::Connection& connection, std::int64_t channel,
                                    std::vector<store::Connection::Call> calls,
                                    const std::vector<store::Params>& videos);
  std::vector<store::TakeRequest> takes_of(const Taking& taking) const;
  store::SeatRequest seat_of(const Taking& taking) const;
  // What the takings ask for.
  struct Asked {
    std::vector<store::TakeRequest> takes;
    std::vector<store::SeatRequest> seats;
  };
  Asked asked_of(const std::vector<Taking>& takings) const;
  void taken(const Asked& asked, const store::TakeAll& all);
  store::Connection& connection_;
  std::unique_ptr<Channel> channel_;  // where it is does not change: the planner refers to it
  Project project_;
  Planner planner_;
  std::map<std::int64_t, std::int64_t> videos_{};
};

// Runs an act whose wait for a lock is an answer: after five seconds in vain it throws that InfraError and
// does not wait again. Deadlocks and serialization failures are retried.
template <typename Act>
auto without_waiting_twice(store::Database& database, Act&& act) {
  std::optional<base::InfraError> waited;
  using Answer = decltype(act(std::declval<store::Connection&>()));
  auto answer = database.retrying([&](store::Connection& connection) -> std::optional<Answer> {
    try {
      return act(connection);
    } catch (const base::InfraError& error) {
      if (error.sqlstate() != "55P03" && error.sqlstate() != "SQLITE_BUSY") throw;
      waited = error;
      return std::nullopt;
    }
  });
  if (waited) throw *waited;
  return std::move(*answer);
}

}  // namespace fencepost::upload
