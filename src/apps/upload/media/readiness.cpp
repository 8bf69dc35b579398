#include "apps/upload/media/readiness.hpp"

#include "apps/upload/media/sniff.hpp"
#include "base/error.hpp"

namespace fencepost::media {

namespace {
std::string seconds(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

void ask_bounds(std::int64_t ms, base::Duration least, std::optional<base::Duration> most,
                std::vector<std::string>& reasons) {
  const std::chrono::milliseconds length(ms);
  if (length < least) reasons.push_back("it is shorter than " + seconds(least));
  if (most && length > *most) reasons.push_back("it is longer than " + seconds(*most));
}
}  // namespace

std::string_view name(Ready ready) {
  switch (ready) {
    case Ready::ready:
      return "ready";
    case Ready::not_ready:
      return "not_ready";
    case Ready::not_measured:
      return "not_measured";
    case Ready::waiting:
      return "waiting";
  }
  FENCEPOST_ASSERT(false);
}

Readiness readiness(const Video& video, const std::string& kind, const Rules& rules) {
  if (is_picture(video.media_type)) return {Ready::not_ready, {"it is a picture"}};
  if (!video.probed_at) return {Ready::waiting, {"it was not measured yet"}};
  if (!video.duration_ms) {
    const auto why = video.probe_error.value_or("it was not measured");
    return {why == kNoProbe ? Ready::not_measured : Ready::not_ready, {why}};
  }
  Readiness answer;
  if (!video.width) answer.reasons.emplace_back("it has no picture, only sound");
  if (kind == "short") ask_bounds(*video.duration_ms, rules.short_least, rules.short_most, answer.reasons);
  if (kind == "final") ask_bounds(*video.duration_ms, rules.final_least, std::nullopt, answer.reasons);
  answer.ready = answer.reasons.empty() ? Ready::ready : Ready::not_ready;
  return answer;
}

}  // namespace fencepost::media
