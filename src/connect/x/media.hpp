#pragma once
// Images for X, uploaded in pieces before the post.
// https://docs.x.com/x-api/media/quickstart/media-upload-chunked

#include <string>
#include <variant>
#include <vector>

#include "connect/x/api.hpp"

namespace fencepost::connect::x {

// Uploads them, with their alt texts; the media's ids, or why not (a certain failure: an upload is seen by
// nobody and X throws it away after a day). `key` marks the pieces.
std::variant<std::vector<std::string>, Outcome> upload(const Api& api, const std::vector<Image>& images,
                                                       const std::string& key, const Call& call);

}  // namespace fencepost::connect::x
