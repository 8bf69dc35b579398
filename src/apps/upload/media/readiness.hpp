#pragma once
// Whether a video is fit for what it shall be. Pure.

#include <string>
#include <vector>

#include "apps/upload/media/videos.hpp"

namespace fencepost::media {

struct Rules {
  base::Duration short_least = std::chrono::seconds(10);
  base::Duration short_most = std::chrono::seconds(60);
  base::Duration final_least = std::chrono::seconds(10);
};

// waiting: nobody has looked at the file yet. not_measured: nobody can (ffprobe is not installed): a person
// has to know.
enum class Ready { ready, not_ready, not_measured, waiting };
struct Readiness {
  Ready ready = Ready::waiting;
  std::vector<std::string> reasons{};  // for people; none where it is ready
};
std::string_view name(Ready ready);

// `kind`: "short" or "final"; of any other only that it is a video is asked.
Readiness readiness(const Video& video, const std::string& kind, const Rules& rules);

}  // namespace fencepost::media
