#include "core/limits.hpp"

#include "base/error.hpp"

namespace fencepost::core {

std::string problem(const Limits& limits) {
  constexpr std::int64_t kLongest = 366LL * 24 * 3'600'000'000;
  if (limits.concurrency < 0 || limits.per_key < 0 || limits.rate.count < 0)
    return "limits are numbers from 0 (none)";
  if ((limits.per_key > 0 || limits.rate.any()) && !limits.key)
    return "a limit per key needs the name of the key's column";
  if (limits.key && limits.per_key == 0 && !limits.rate.any())
    return "the limit's key column is named, and nothing is limited by it: give per_key or rate";
  if (limits.rate.any() &&
      (limits.rate.per.count() < limits.rate.count || limits.rate.per.count() > kLongest))
    return "a rate counts at most one start a µs, over at most a year";
  if (limits.rate.any() && (limits.rate.burst < 1 || limits.rate.burst > 1'000'000))
    return "the burst of a rate is 1 to 1000000";
  if (limits.hold < std::chrono::seconds(1) || limits.hold.count() > kLongest)
    return "seats are held for 1 s to a year";
  if (limits.in_flight.count() < 0 || limits.in_flight.count() > kLongest)
    return "requests of a killed process are in flight for 0 s to a year";
  return {};
}

void Seating::taken(std::string_view scope, const std::string& key, int number) {
  taken_[{scope == kQueueSeats ? kQueueSeats : kKeySeats, key}].insert(number);
}

std::optional<int> Seating::lowest(std::string_view scope, const std::string& key, int limit) const {
  const auto found = taken_.find({scope, key});
  if (found == taken_.end()) return 1;
  const auto& numbers = found->second;
  if (static_cast<int>(numbers.size()) >= limit) return std::nullopt;
  int number = 1;
  while (numbers.contains(number)) ++number;
  return number;
}

std::optional<std::vector<Seat>> Seating::give(const std::optional<std::string>& key) {
  std::vector<Seat> seats;
  if (limits_.per_key > 0 && key) {
    const auto number = lowest(kKeySeats, *key, limits_.per_key);
    if (!number) return std::nullopt;
    seats.push_back({kKeySeats, *key, *number});
  }
  if (limits_.concurrency > 0) {
    const auto number = lowest(kQueueSeats, "", limits_.concurrency);
    if (!number) return std::nullopt;
    seats.push_back({kQueueSeats, "", *number});
  }
  for (const auto& seat : seats) taken(seat.scope, seat.key, seat.number);
  return seats;
}

}  // namespace fencepost::core
