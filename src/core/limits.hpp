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

#include "fencepost/queue.hpp"

namespace fencepost::core {

using fencepost::Limits;
using fencepost::Rate;

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
