#pragma once
// What YouTube is told of a video that is scheduled: the person's own words, else those of the channel's
// template, else the video's title.

#include <map>
#include <string>

#include "apps/upload/slots.hpp"
#include "apps/upload/uploads.hpp"

namespace fencepost::upload {

class Describer {
 public:
  // The channel's template of a language, which is read once.
  void read(store::Connection& connection, std::int64_t channel, const std::string& language);
  // Its language was read. `number`: of the part or the episode. Throws UserError: invalid_title … where a
  // template does not fit with the video's title; number_missing where it asks for a number and there is
  // none.
  Metadata describe(const Channel& channel, const Metadata& own, const std::string& video_title,
                    const Place& place, std::optional<std::int64_t> number) const;

 private:
  std::map<std::string, std::optional<Metadata>> templates_;  // by language; texts with their {names}
};

}  // namespace fencepost::upload
