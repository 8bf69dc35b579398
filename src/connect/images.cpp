#include "connect/images.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "connect/text.hpp"

namespace fencepost::connect {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw base::UserError("invalid_image", why); }

void check_one(const ImageFacts& image, const ImageRules& rules) {
  if (std::find(rules.types.begin(), rules.types.end(), image.media_type) == rules.types.end())
    refuse(rules.who + " takes no " + image.media_type);
  const bool gif = image.media_type == "image/gif";
  const auto most = gif && rules.gif_bytes > 0 ? rules.gif_bytes : rules.bytes;
  if (image.size <= 0 || (most > 0 && image.size > most))
    refuse("an image for " + rules.who + " has 1 to " + std::to_string(most) + " bytes");
  if (rules.pixels > 0 && std::int64_t{image.width} * image.height >= rules.pixels)
    refuse("an image for " + rules.who + " has less than " + std::to_string(rules.pixels) + " pixels");
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  if (rules.ratio > 0 && longer > rules.ratio * shorter)
    refuse("an image for " + rules.who + " is at most " + std::to_string(rules.ratio) +
           " times as long as it is wide, or as wide as it is long");
  const auto length = measure(image.alt, {});
  if (length == 0 && !image.alt.empty()) refuse("an image's description is not valid UTF-8");
  if (rules.alt_length > 0 && length > rules.alt_length)
    refuse("an image's description for " + rules.who + " has at most " + std::to_string(rules.alt_length) +
           " characters");
}

}  // namespace

ImageRules image_rules(std::string who, const PlatformLimits& limits) {
  const auto number = [&](const char* name) { return limits.all().contains(name) ? limits.number(name) : 0; };
  return {.who = std::move(who),
          .images = limits.number("images"),
          .bytes = number("image-bytes"),
          .gif_bytes = number("gif-bytes"),
          .all_bytes = number("images-bytes"),
          .pixels = number("image-pixels"),
          .alt_length = number("alt-length"),
          .ratio = number("image-ratio"),
          .gif_alone = number("gif-alone") != 0,
          .types = limits.words("image-types")};
}

void check_images(const std::vector<ImageFacts>& images, const ImageRules& rules) {
  if (!images.empty() && rules.images == 0)
    refuse(rules.why_none.empty() ? rules.who + " takes no images" : rules.why_none);
  if (static_cast<std::int64_t>(images.size()) > rules.images)
    refuse(rules.who + " takes at most " + std::to_string(rules.images) + " images");
  std::int64_t bytes = 0;
  bool gif = false;
  for (const auto& image : images) {
    check_one(image, rules);
    bytes += image.size;
    gif = gif || image.media_type == "image/gif";
  }
  if (rules.all_bytes > 0 && bytes > rules.all_bytes)
    refuse("the images of a post on " + rules.who + " have at most " + std::to_string(rules.all_bytes) +
           " bytes together");
  if (rules.gif_alone && gif && images.size() > 1) refuse(rules.who + " takes a GIF only by itself");
}

void check_images(const std::vector<Image>& images, const ImageRules& rules) {
  std::vector<ImageFacts> facts;
  for (const auto& image : images)
    facts.push_back({image.media_type, static_cast<std::int64_t>(image.bytes.size()), image.width,
                     image.height, image.alt});
  check_images(facts, rules);
}

}  // namespace fencepost::connect
