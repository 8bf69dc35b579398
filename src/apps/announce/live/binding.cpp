#include "apps/announce/live/binding.hpp"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdlib>

#include "apps/announce/episodes.hpp"
#include "base/error.hpp"
#include "live/sql.hpp"
#include "store/guards.hpp"

namespace fencepost::live {

using connect::youtube::Video;

namespace {
constexpr int kTries = 3;

// One form for letters in any case and of any width (NFKC_Casefold).
icu::UnicodeString folded(const std::string& text) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* fold = icu::Normalizer2::getNFKCCasefoldInstance(error);
  FENCEPOST_ASSERT(U_SUCCESS(error));
  auto out = fold->normalize(icu::UnicodeString::fromUTF8(text), error);
  FENCEPOST_ASSERT(U_SUCCESS(error));
  return out;
}

// Its own stream, by whatever means it was found: named by a person, or given before.
bool is_its_own(const Candidate& candidate, const Video& video) { return candidate.video == video.id; }

// An episode that waits for another video than this is none of this one's business.
bool waits_for_another(const Candidate& candidate) {
  return candidate.status == "scheduled" && candidate.video.has_value();
}
}  // namespace

bool title_matches(const std::string& title, const std::string& filter) {
  if (title.empty()) return false;
  return folded(title).indexOf(folded(filter)) >= 0;
}

std::optional<Choice> choose(const Video& video, base::Micros from,
                             const std::vector<Candidate>& candidates) {
  const Candidate* best = nullptr;
  const auto better = [&](const Candidate& one) {
    if (best == nullptr) return true;
    const auto distance = std::abs(one.starts_at - from), least = std::abs(best->starts_at - from);
    return std::pair(distance, one.episode) < std::pair(least, best->episode);
  };
  for (const auto& one : candidates) {
    if (is_its_own(one, video)) return Choice{one, one.status != "ended"};
    const bool near = one.starts_at >= from - kLate.count() && one.starts_at <= from + kEarly.count();
    const bool passes = !one.filters || title_matches(video.title, one.filter);
    if (near && passes && !waits_for_another(one) && better(one)) best = &one;
  }
  if (best == nullptr) return std::nullopt;
  // A person may have set it live before its stream was found: then it takes this one.
  const bool free = best->status == "scheduled" || (best->status == "live" && !best->video);
  return Choice{*best, free};
}

std::vector<Candidate> candidates(store::Connection& connection, const std::string& channel,
                                  const std::string& video, base::Micros from) {
  std::vector<Candidate> found;
  for (const auto& row :
       connection.run(sql::candidates, {channel, from - kLate.count(), from + kEarly.count(), video}))
    found.push_back({row[0].integer(), row[1].maybe_integer().value_or(from), row[2].text(),
                     row[3].maybe_text(), row[4].boolean(), row[5].text(), row[6].integer(), row[7].text(),
                     row[8].text()});
  return found;
}

base::Micros began(const Video& video, base::Micros now) {
  const auto live = video.live_at.value_or(now);
  if (video.scheduled_at && std::abs(*video.scheduled_at - live) <= kLate.count()) return *video.scheduled_at;
  return live;
}

std::optional<std::int64_t> bind_stream(store::Connection& connection, std::int64_t stream,
                                        std::int64_t claim, const std::string& channel, const Video& video,
                                        base::Micros now) {
  const auto before = connection.run(sql::stream_binding, {stream});
  if (store::guard("bind_once") && !before.empty() && !before[0][0].is_null()) return before[0][0].integer();
  const auto from = began(video, now);
  // Chosen without a lock, and looked at again under it: an episode that was moved, or came to another stream
  // while this one waited, is chosen anew.
  auto choice = choose(video, from, candidates(connection, channel, video.id, from));
  for (int left = kTries; choice && left > 0; --left) {
    if (!announce::lock_episode(connection, choice->episode.episode, true)) return std::nullopt;
    auto again = choose(video, from, candidates(connection, channel, video.id, from));
    const bool same = again && again->episode.episode == choice->episode.episode;
    choice = std::move(again);
    if (!same) continue;
    const auto episode = choice->episode.episode;
    connection.run(sql::bind_stream, {stream, claim, episode});
    if (choice->announces)
      announce::episode_live(connection, episode, video.id, connect::youtube::watch_url(video.id),
                             video.live_at.value_or(now));
    return episode;
  }
  return std::nullopt;  // the next look tries again
}

void end_stream(store::Connection& connection, std::int64_t stream, std::int64_t episode,
                base::Micros ended_at) {
  // Of two streams that end at once, each must see the other's end.
  if (store::guard("end_lock") && !announce::lock_episode(connection, episode, true)) return;
  if (!store::guard("end_others") || connection.run(sql::other_live_streams, {episode, stream}).empty())
    announce::episode_ended(connection, episode, ended_at);
}

}  // namespace fencepost::live
