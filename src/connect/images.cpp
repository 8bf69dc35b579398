#include "connect/images.hpp"

#include <algorithm>

namespace fencepost::connect {

namespace {
[[noreturn]] void refuse(const std::string& why) { throw base::UserError("invalid_image", why); }
}  // namespace

ImageRules image_rules(std::string who, const PlatformLimits& limits) {
  return {std::move(who), limits.number("images"), limits.number("image-bytes"),
          limits.all().contains("alt-length") ? limits.number("alt-length") : 0, limits.words("image-types")};
}

void check_images(const std::vector<Image>& images, const ImageRules& rules) {
  if (static_cast<std::int64_t>(images.size()) > rules.images)
    refuse(rules.who + " takes at most " + std::to_string(rules.images) + " pictures");
  for (const auto& image : images) {
    if (std::find(rules.types.begin(), rules.types.end(), image.media_type) == rules.types.end())
      refuse(rules.who + " takes no " + image.media_type);
    if (image.bytes.empty() || static_cast<std::int64_t>(image.bytes.size()) > rules.bytes)
      refuse("a picture for " + rules.who + " has 1 to " + std::to_string(rules.bytes) + " bytes");
    const auto length = measure(image.alt, {});
    if (length == 0 && !image.alt.empty()) refuse("a picture's description is not valid UTF-8");
    if (rules.alt_length > 0 && length > rules.alt_length)
      refuse("a picture's description for " + rules.who + " has at most " + std::to_string(rules.alt_length) +
             " characters");
  }
}

}  // namespace fencepost::connect
