#pragma once
// Rate limits that all instances on one PostgreSQL share: token buckets by the database's clock.

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// Thread-safe.
//
// taken · refused: ask again after `wait` · unshared: the limiter of this process decides. That is always so
// on SQLite, whose file one process serves; and for a second after the database could not be asked. So an
// outage neither opens the doors (each instance still has its own limits) nor shuts them for routes that need
// no database.
class RateLimits {
 public:
  enum class Answer { taken, refused, unshared };
  struct Taken {
    Answer answer = Answer::unshared;
    std::chrono::nanoseconds wait{};
  };

  // The database outlives it.
  explicit RateLimits(store::Database& database) : database_(database) {}

  // Takes one token of the bucket `key`, of `count` in any `per`. A key always comes with one limit.
  // Of a large bucket some are taken at once, at most a 64th, and used up here within 2 s: the instances
  // together never grant more than the limit, and a busy client costs few statements. A refusal is remembered
  // here until it ends: a flood costs the database nothing. Never throws InfraError.
  Taken take(const std::string& key, int count, std::chrono::seconds per, base::BootTime now);

 private:
  struct Local {
    int tokens = 0;
    base::BootTime tokens_until{};
    base::BootTime refused_until{};
  };
  struct State {
    std::unordered_map<std::string, Local> keys;
    base::BootTime swept{};
    base::BootTime away_until{};
  };
  Taken ask(const std::string& key, int count, std::chrono::seconds per, int tokens);
  void remember(const std::string& key, const Taken& taken, int tokens, base::BootTime now);

  store::Database& database_;
  base::Guarded<State> state_;
};

}  // namespace fencepost::accounts
