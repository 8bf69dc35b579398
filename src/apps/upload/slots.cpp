#include "apps/upload/slots.hpp"

#include <algorithm>

#include "core/local_time.hpp"
#include "core/window.hpp"
#include "store/guards.hpp"

namespace fencepost::upload {

using base::Micros;
using store::guard;

namespace {
Refusal full(const char* limit, const std::string& what, const Use& use) {
  return {limit, what + " is full: " + std::to_string(use.used) + " of " + std::to_string(use.limit)};
}
}  // namespace

std::vector<Micros> slots_of_day(const Channel& channel, const std::string& day) {
  std::vector<Micros> slots;
  for (const auto& time : channel.slot_times) {
    const auto at = core::parse_time(day + "T" + time, channel.zone);
    // A date that the zone skips has none.
    if (core::day_window(at, channel.zone) == day) slots.push_back(at);
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

std::string next_day(const std::string& day, const std::string& zone) {
  return core::day_window(core::day_bounds(day, zone).second, zone);
}

Place place_at(const Channel& channel, Micros slot_at, Micros now) {
  const auto run_at = std::max(now, slot_at - channel.lead_minutes * kMinute);
  return {slot_at, core::day_window(slot_at, channel.zone), quota_day(run_at), run_at};
}

Use Planner::day(const std::string& day) const {
  const auto at = load_.days.find(day);
  return at != load_.days.end() ? at->second : Use{0, channel_.daily_max.value_or(kNoLimit)};
}

Use Planner::kind(const std::string& day, const std::string& kind) const {
  const auto at = load_.kinds.find({day, kind});
  return at != load_.kinds.end() ? at->second : Use{0, channel_.limits.at(kind)};
}

Use Planner::quota(const std::string& day) const {
  const auto at = load_.quota.find(day);
  return at != load_.quota.end() ? at->second : Use{0, insert_.limit};
}

std::optional<Refusal> Planner::refusal(const std::string& kind, const Place& place) const {
  if (!channel_.limits.contains(kind))
    throw base::UserError("unknown_kind", "the channel has no limit for videos of this type");
  if (place.slot_at < now_ + kSoonest && guard("slot_past"))
    return Refusal{"past", "the time is past, or less than a minute away"};
  if (place.slot_at > now_ + channel_.horizon_days * 24 * 60 * kMinute)
    return Refusal{"horizon", "the channel plans " + std::to_string(channel_.horizon_days) + " days ahead"};
  const auto seats = load_.seats.find(place.slot_at);
  const Use slot{seats == load_.seats.end() ? 0 : seats->second, channel_.capacity};
  if (slot.full(1)) return full("slot", "the slot", slot);
  if (const auto use = day(place.publish_day); use.full(1))
    return full("day", "the channel's day " + place.publish_day, use);
  if (const auto use = this->kind(place.publish_day, kind); use.full(1))
    return full("kind", place.publish_day + " for videos of the type " + kind, use);
  if (const auto use = quota(place.quota_day); use.full(insert_.amount))
    return full("quota", "the API quota of " + place.quota_day, use);
  return std::nullopt;
}

std::optional<Place> Planner::next_free(const std::string& kind, Micros from) const {
  const auto earliest = std::max(from, now_ + kSoonest);
  const auto last = now_ + channel_.horizon_days * 24 * 60 * kMinute;
  for (auto day = core::day_window(earliest, channel_.zone);
       core::day_bounds(day, channel_.zone).first <= last; day = next_day(day, channel_.zone)) {
    // A day that is full needs no look at its slots.
    if (this->day(day).full(1)) continue;
    for (const auto slot_at : slots_of_day(channel_, day)) {
      if (slot_at < earliest) continue;
      const auto place = place_at(slot_at);
      if (!refusal(kind, place)) return place;
    }
  }
  return std::nullopt;
}

void Planner::take(const std::string& kind, const Place& place) {
  ++load_.seats[place.slot_at];
  const auto add = [](auto& uses, const auto& key, const Use& now, std::int64_t amount) {
    uses.insert_or_assign(key, Use{now.used + amount, now.limit});
  };
  add(load_.days, place.publish_day, day(place.publish_day), 1);
  add(load_.kinds, std::pair(place.publish_day, kind), this->kind(place.publish_day, kind), 1);
  add(load_.quota, place.quota_day, quota(place.quota_day), insert_.amount);
}

void Planner::give_back(const Load& held) {
  // What is not among the load is of days that nobody plans for.
  const auto less = [](auto& uses, const auto& more) {
    for (const auto& [key, use] : more)
      if (const auto at = uses.find(key); at != uses.end()) at->second.used -= use.used;
  };
  for (const auto& [slot, seats] : held.seats)
    if (const auto at = load_.seats.find(slot); at != load_.seats.end()) at->second -= seats;
  less(load_.days, held.days);
  less(load_.kinds, held.kinds);
  less(load_.quota, held.quota);
}

}  // namespace fencepost::upload
