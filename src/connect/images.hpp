#pragma once
// Images of posts: what they are, and what a platform takes of them. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/limits.hpp"

namespace fencepost::connect {

// An image of a post, whole.
struct Image {
  std::string bytes;
  std::string media_type;  // "image/jpeg", "image/png", "image/webp" or "image/gif"
  std::string alt;         // what it shows, for those who cannot see it; may be empty
  int width = 0;           // pixels; 0: not known
  int height = 0;
  std::string url{};  // where a platform may fetch it for now (ImageRules::fetched); it is a secret
};

// The same without its bytes.
struct ImageFacts {
  std::string media_type;
  std::int64_t size = 0;  // bytes
  int width = 0, height = 0;
  std::string alt;
};

// What an image is, by its own bytes and nobody's word; nullopt: none of those four, or damaged before its
// size is known. `alt` is empty. Formats: PNG (W3C, 11.2.2), GIF89a (18), JPEG (T.81, B.2.2), WebP (RFC
// 9649).
std::optional<ImageFacts> probe_image(std::string_view bytes);

// Of a connection's platform. 0 of a number: any.
struct ImageRules {
  std::string who;              // the platform, for people
  std::int64_t images = 0;      // of a post; 0: none at all
  std::int64_t bytes = 0;       // of each
  std::int64_t gif_bytes = 0;   // of each that is a GIF; 0: as of the others
  std::int64_t all_bytes = 0;   // of all of a post
  std::int64_t pixels = 0;      // of each, width times height
  std::int64_t alt_length = 0;  // in code points
  std::int64_t ratio = 0;       // of each, the longer side to the shorter one at most
  bool gif_alone = false;       // a GIF goes by itself
  bool fetched = false;         // the platform takes no bytes: it fetches each from its Image::url
  std::vector<std::string> types{};
  std::string why_none{};  // what a person can do where none are taken; may be empty
};

// From `images`, `image-types` and, where the file has them, `image-bytes`, `gif-bytes`, `images-bytes`,
// `image-pixels`, `image-ratio`, `alt-length` and `gif-alone` (1).
ImageRules image_rules(std::string who, const PlatformLimits& limits);

// Throws UserError("invalid_image"), saying what is too much.
void check_images(const std::vector<ImageFacts>& images, const ImageRules& rules);
void check_images(const std::vector<Image>& images, const ImageRules& rules);

}  // namespace fencepost::connect
