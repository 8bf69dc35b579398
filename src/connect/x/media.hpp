#pragma once
// Pictures for X: checked against its limits, and uploaded in pieces before the post.
// https://docs.x.com/x-api/media/quickstart/media-upload-chunked

#include <string>
#include <variant>
#include <vector>

#include "connect/x/api.hpp"

namespace fencepost::connect::x {

// Throws UserError("invalid_image") where X would refuse them.
void check_images(const std::vector<Image>& images, const PlatformLimits& limits);

// Uploads them, with their alt texts; the media's ids, or why not (a certain failure: an upload is seen by
// nobody and X throws it away after a day). `key` marks the pieces.
std::variant<std::vector<std::string>, Outcome> upload(const Api& api, const std::vector<Image>& images,
                                                       const std::string& key, const Call& call);

}  // namespace fencepost::connect::x
