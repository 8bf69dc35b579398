#pragma once
// What a platform takes of the pictures of a post. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "connect/connector.hpp"
#include "connect/limits.hpp"

namespace fencepost::connect {

struct ImageRules {
  std::string who;  // the platform, for people
  std::int64_t images = 0;
  std::int64_t bytes = 0;       // of each
  std::int64_t alt_length = 0;  // in code points; 0: any
  std::vector<std::string> types;
};

// From `images`, `image-bytes`, `image-types` and, where the file has it, `alt-length`.
ImageRules image_rules(std::string who, const PlatformLimits& limits);

// Throws UserError("invalid_image").
void check_images(const std::vector<Image>& images, const ImageRules& rules);

}  // namespace fencepost::connect
