#pragma once
// Schedules that exist elsewhere, with their times: they take their seats, their places in the caps and their
// calls as if they had been made here, and what does not fit is reported.

#include "apps/upload/service.hpp"

namespace fencepost::upload {

struct Imported {
  std::int64_t video_id = 0;  // or else:
  std::string folder{}, path{};
  std::string kind;
  base::Micros at = 0;
  Metadata metadata{};
  std::optional<std::int64_t> number{};
};
// Those of one import, in one transaction.
inline constexpr std::size_t kMostImported = 500;

// The wishes of these rows. A file that no video is recorded of has the video 0, which is refused.
std::vector<Wish> wishes_of(store::Connection& connection, const std::vector<Imported>& rows);

}  // namespace fencepost::upload
