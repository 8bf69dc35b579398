#pragma once
// Which slot a video can have. Pure: what is taken comes from the caller, and grows with what is planned.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/upload/channels.hpp"

namespace fencepost::upload {

inline constexpr base::Micros kMinute = 60'000'000;
// A slot less than this ahead counts as past: the last piece has to leave before it.
inline constexpr base::Micros kSoonest = kMinute;

// The channel's slots on a date of its zone, in UTC, ascending. A time that the clock skips is the first
// instant behind the gap, two of them are one slot; of one that comes twice it is the first.
std::vector<base::Micros> slots_of_day(const Channel& channel, const std::string& day);
// The date behind one.
std::string next_day(const std::string& day, const std::string& zone);

struct Place {
  base::Micros slot_at = 0;
  std::string publish_day, quota_day;
  base::Micros run_at = 0;  // when its upload begins
};
Place place_at(const Channel& channel, base::Micros slot_at, base::Micros now);

struct Use {
  std::int64_t used = 0, limit = 0;
  bool full(std::int64_t more) const { return used + more > limit; }
};
// What is taken of a channel and its project. What is missing is untouched.
struct Load {
  std::map<base::Micros, std::int64_t> seats{};
  std::map<std::string, Use> days{};                           // by publish day
  std::map<std::pair<std::string, std::string>, Use> kinds{};  // by publish day and type
  std::map<std::string, Use> quota{};                          // by quota day
};

// Why a place cannot be had. `limit`: slot, day, kind, quota, past, horizon.
struct Refusal {
  std::string limit;
  std::string text;  // for people
};

class Planner {
 public:
  // `insert`: what an upload costs its project.
  Planner(const Channel& channel, const Cost& insert, Load load, base::Micros now)
      : channel_(channel), insert_(insert), load_(std::move(load)), now_(now) {}
  // Throws UserError("unknown_kind") for a type without a limit.
  std::optional<Refusal> refusal(const std::string& kind, const Place& place) const;
  // The earliest one that is free for this type, from `from` on; nullopt: none within the horizon.
  std::optional<Place> next_free(const std::string& kind, base::Micros from = 0) const;
  Place place_at(base::Micros slot_at) const { return upload::place_at(channel_, slot_at, now_); }
  void take(const std::string& kind, const Place& place);
  // What something holds that moves; its limits mean nothing.
  void give_back(const Load& held);
  base::Micros now() const { return now_; }

 private:
  Use day(const std::string& day) const;
  Use kind(const std::string& day, const std::string& kind) const;
  Use quota(const std::string& day) const;
  const Channel& channel_;
  const Cost insert_;
  Load load_;
  base::Micros now_;
};

}  // namespace fencepost::upload
