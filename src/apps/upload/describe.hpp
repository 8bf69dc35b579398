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
  // Reads each language's template once. Both outlive it.
  Describer(store::Connection& connection, const Channel& channel)
      : connection_(connection), channel_(channel) {}
  // `number`: of the part or the episode. Throws UserError: invalid_title … where a template does not fit
  // with the video's title; number_missing where it asks for a number and there is none.
  Metadata describe(const Metadata& own, const std::string& video_title, const Place& place,
                    std::optional<std::int64_t> number);

 private:
  store::Connection& connection_;
  const Channel& channel_;
  std::map<std::string, std::optional<Metadata>> templates_;  // by language; texts with their {names}
};

}  // namespace fencepost::upload
