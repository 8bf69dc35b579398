#pragma once
// The images of an announcement, or of a part of its thread: what a person adds, and what goes out with it.
// They stand in the database, as they came. Any change of them is an edit of that part (edit.hpp); the fence
// sees it in the column `images`, which the table's triggers count up whoever writes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connect/images.hpp"
#include "store/database.hpp"

namespace fencepost::announce {

// 16 MiB, what the largest platform takes (Mastodon's default); an announcement has that four times, because
// who posts it holds all of them at once. No platform takes more than 20 (LinkedIn).
constexpr std::int64_t kMostImages = 20, kImageBytes = std::int64_t{16} << 20, kImagesBytes = 4 * kImageBytes;

struct Image {
  std::int64_t id = 0;
  std::int64_t position = 1;  // from 1 on, without gaps
  connect::ImageFacts facts{};
  std::string sha256;  // of its bytes, in hex
};

struct NewImage {
  std::string bytes;
  std::string alt{};                       // may be empty
  std::optional<std::int64_t> position{};  // before the one that stands there; nullopt: behind the others
};
struct ImageChange {  // empty members stay as they are
  std::optional<std::string> alt{};
  std::optional<std::int64_t> position{};
};

// What these bytes are, whatever anybody calls them. Throws UserError("invalid_image") unless they are one of
// JPEG, PNG, GIF or WebP of at most kImageBytes and `alt` is a text of at most 5000 characters.
connect::ImageFacts checked_image(const std::string& bytes, const std::string& alt);
void check_alt(const std::string& alt);

// On the caller's connection, in its transaction; they throw InfraError.
// The images of each of these announcements, in their order.
std::vector<std::pair<std::int64_t, Image>> images_of(store::Connection& connection,
                                                      const std::vector<store::Params>& announcements);
// Whole, in their order: what the publisher sends. `url_of` an image's id: Image::url.
std::vector<connect::Image> images_to_publish(
    store::Connection& connection, std::int64_t announcement,
    const std::function<std::string(std::int64_t)>& url_of = [](std::int64_t) { return ""; });
// Its media type and its bytes; nullopt: there is none.
std::optional<connect::Image> image_bytes(store::Connection& connection, std::int64_t announcement,
                                          std::int64_t image);
// Within an edit of the announcement, of which `now` are the images.
void add_image(store::Connection& connection, std::int64_t announcement, const std::vector<Image>& now,
               const NewImage& image, const connect::ImageFacts& facts, const std::string& sha256);
void change_image(store::Connection& connection, std::int64_t announcement, const std::vector<Image>& now,
                  const Image& image, const ImageChange& change);
void remove_image(store::Connection& connection, std::int64_t announcement, const Image& image);

}  // namespace fencepost::announce
