#pragma once
// Limits of a queue over all its instances: how many of its items may be at work at once, as a whole and for
// each value of a column ("at most 2 per host"), and how often items of one value may start. Pure values.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace fencepost::core {

// A token bucket: `count` starts in any `per`, of which up to `burst` at once. In any window of length W at
// most burst + W * count / per items start. count 0: no limit.
struct Rate {
  int count = 0;
  base::Duration per = std::chrono::seconds(1);
  int burst = 1;

  bool any() const { return count > 0; }
  // µs between two tokens, rounded up: never faster than asked.
  std::int64_t interval() const { return (per.count() + count - 1) / count; }
};

struct Limits {
  int concurrency = 0;             // of the whole queue; 0: none
  std::optional<std::string> key;  // the column whose values are limited; an item with NULL there is not
  int per_key = 0;                 // items of one value at work at once; 0: none
  Rate rate;                       // of one value
  // How long a process that nobody can ask about keeps its seats: longer than the longest attempt, whose
  // renewal ends at the engine's deadline.
  base::Duration hold = std::chrono::hours(1);

  bool any() const { return concurrency > 0 || per_key > 0 || rate.any(); }
};

// Empty where the limits can be used, else what to change.
std::string problem(const Limits& limits);

// A seat: what an item needs of each of its scopes to be at work.
struct Seat {
  std::string_view scope;  // kQueueSeats or kKeySeats
  std::string key;         // of kKeySeats
  int number = 0;          // from 1
  auto operator<=>(const Seat&) const = default;
};
inline constexpr std::string_view kQueueSeats = "queue";
inline constexpr std::string_view kKeySeats = "key";

// Which seats are free, and who gets them. Seats above a limit that was lowered count as taken.
//
// The lowest free seats are given first. That is what makes it safe to choose from a count that others make
// old at the same time: a seat that is given has a number of at most the limit less the seats above it, so
// that however many choose at once, the highest that is given bounds them all; and of two who choose the same
// one, the table's key lets one have it.
class Seating {
 public:
  explicit Seating(const Limits& limits) : limits_(limits) {}
  void taken(std::string_view scope, const std::string& key, int number);
  // The seats for one more item, in the order of scope and key; nullopt: one of its scopes is full.
  std::optional<std::vector<Seat>> give(const std::optional<std::string>& key);

 private:
  std::optional<int> lowest(std::string_view scope, const std::string& key, int limit) const;
  const Limits& limits_;
  std::map<std::pair<std::string_view, std::string>, std::set<int>> taken_;
};

}  // namespace fencepost::core
