#pragma once
// Whose stream is it? A stream, known by its video id, is given to one episode, once and for all: it
// announces that episode, or it is a restart of it, and announces nothing.
//
// The choice is the same whoever makes it: among the episodes of the channel's shows whose title filter the
// stream passes and whose start lies within the window, the one that starts nearest; of two, the lowest id.
// Starts are moments: a show's zone was applied when its episode's start was set, so that no calendar's date,
// of UTC or of anywhere, is compared with another one.

#include <optional>
#include <string>
#include <vector>

#include "connect/youtube/youtube.hpp"
#include "store/database.hpp"

namespace fencepost::live {

// A stream belongs to an episode that starts up to 6 h before it, or up to 2 h after it.
inline constexpr base::Duration kLate = std::chrono::hours(6);
inline constexpr base::Duration kEarly = std::chrono::hours(2);

struct Candidate {
  std::int64_t episode = 0;
  base::Micros starts_at = 0;
  std::string status;  // scheduled, live or ended
  std::optional<std::string> video;
  bool filters = false;
  std::string filter;
  std::int64_t show = 0;
  std::string zone, title;
};

// A part of the title, in any case (Unicode's, and of any width); a title that is missing matches no filter.
bool title_matches(const std::string& title, const std::string& filter);

struct Choice {
  Candidate episode;
  bool announces = false;  // false: a restart, or a second stream
};
// `from`: when the stream began. Pure.
std::optional<Choice> choose(const connect::youtube::Video& video, base::Micros from,
                             const std::vector<Candidate>& candidates);

// Of the channel's shows, around `from`.
std::vector<Candidate> candidates(store::Connection& connection, const std::string& channel,
                                  const std::string& video, base::Micros from);

// What a stream that is on the air is counted from: when it was planned, unless that is far off.
base::Micros began(const connect::youtube::Video& video, base::Micros now);

// Gives a live stream to its episode, and brings that to life; in the transaction that settles the look,
// after the settlement. `stream`, `claim`: its row and who looked. Answers the episode, where there is one.
std::optional<std::int64_t> bind_stream(store::Connection& connection, std::int64_t stream,
                                        std::int64_t claim, const std::string& channel,
                                        const connect::youtube::Video& video, base::Micros now);
// The stream is over: so is its episode, unless another stream of it is on the air.
void end_stream(store::Connection& connection, std::int64_t stream, std::int64_t episode,
                base::Micros ended_at);

}  // namespace fencepost::live
