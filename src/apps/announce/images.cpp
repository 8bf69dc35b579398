#include "apps/announce/images.hpp"

#include <algorithm>

#include "announce/sql.hpp"
#include "apps/announce/check.hpp"

namespace fencepost::announce {

namespace {

constexpr std::size_t kLongestAlt = 5000;

[[noreturn]] void refuse(const std::string& why) { throw base::UserError("invalid_image", why); }

std::int64_t place_of(const std::optional<std::int64_t>& wanted, std::int64_t last) {
  return std::clamp<std::int64_t>(wanted.value_or(last), 1, last);
}

}  // namespace

void check_alt(const std::string& alt) { check_long(alt, kLongestAlt, "the image's description"); }

connect::ImageFacts checked_image(const std::string& bytes, const std::string& alt) {
  check_alt(alt);
  if (static_cast<std::int64_t>(bytes.size()) > kImageBytes)
    refuse("the image has " + std::to_string(bytes.size()) + " bytes; " + std::to_string(kImageBytes) +
           " are the most");
  auto facts = connect::probe_image(bytes);
  if (!facts) refuse("this is no JPEG, PNG, GIF or WebP image, or it is damaged: others are not taken");
  facts->alt = alt;
  return *facts;
}

std::vector<std::pair<std::int64_t, Image>> images_of(store::Connection& connection,
                                                      const std::vector<store::Params>& announcements) {
  std::vector<std::pair<std::int64_t, Image>> found;
  for (const auto& row : connection.run_batch(sql::images_of, announcements)) {
    Image image{row[1].integer(), row[2].integer(), {}, row[7].text()};
    image.facts = {row[3].text(), row[6].integer(), static_cast<int>(row[4].integer()),
                   static_cast<int>(row[5].integer()), row[8].text()};
    found.emplace_back(row[0].integer(), std::move(image));
  }
  std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) {
    return std::tie(one.first, one.second.position, one.second.id) <
           std::tie(other.first, other.second.position, other.second.id);
  });
  return found;
}

std::vector<connect::Image> images_to_publish(store::Connection& connection, std::int64_t announcement,
                                              const std::function<std::string(std::int64_t)>& url_of) {
  std::vector<connect::Image> images;
  for (auto& row : connection.run(sql::images_to_publish, {announcement}).rows)
    images.push_back({row[4].text(), row[0].text(), row[3].text(), static_cast<int>(row[1].integer()),
                      static_cast<int>(row[2].integer()), url_of(row[5].integer())});
  return images;
}

std::optional<connect::Image> image_bytes(store::Connection& connection, std::int64_t announcement,
                                          std::int64_t image) {
  const auto rows = connection.run(sql::image_bytes, {announcement, image});
  if (rows.empty()) return std::nullopt;
  return connect::Image{.bytes = rows[0][1].text(), .media_type = rows[0][0].text(), .alt = ""};
}

void add_image(store::Connection& connection, std::int64_t announcement, const std::vector<Image>& now,
               const NewImage& image, const connect::ImageFacts& facts, const std::string& sha256) {
  const auto count = static_cast<std::int64_t>(now.size());
  if (count >= kMostImages)
    refuse("an announcement has at most " + std::to_string(kMostImages) + " images: remove one first");
  auto bytes = facts.size;
  for (const auto& one : now) bytes += one.facts.size;
  if (bytes > kImagesBytes)
    refuse("the images of an announcement have at most " + std::to_string(kImagesBytes) + " bytes together");
  const auto at = place_of(image.position, count + 1);
  if (at <= count) connection.run(sql::move_images, {announcement, at, count, 1});
  connection.run(sql::add_image, {announcement, at, facts.media_type, facts.width, facts.height, facts.size,
                                  sha256, facts.alt, store::Bytes{image.bytes}});
}

void change_image(store::Connection& connection, std::int64_t announcement, const std::vector<Image>& now,
                  const Image& image, const ImageChange& change) {
  const auto from = image.position;
  const auto to =
      change.position ? place_of(change.position, static_cast<std::int64_t>(now.size())) : image.position;
  if (to > from) connection.run(sql::move_images, {announcement, from + 1, to, -1});
  if (to < from) connection.run(sql::move_images, {announcement, to, from - 1, 1});
  connection.run(sql::change_image, {announcement, image.id, to, change.alt.value_or(image.facts.alt)});
}

void remove_image(store::Connection& connection, std::int64_t announcement, const Image& image) {
  connection.run(sql::remove_image, {announcement, image.id});
  connection.run(sql::move_images, {announcement, image.position + 1, kMostImages, -1});
}

}  // namespace fencepost::announce
