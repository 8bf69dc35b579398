// What people do with the images of an announcement: each is an edit of it.

#include <algorithm>

#include "announce/sql.hpp"
#include "apps/announce/edit.hpp"
#include "apps/announce/images.hpp"
#include "apps/announce/service.hpp"
#include "base/sha256.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

const Image* find(const Announcement& now, std::int64_t id) {
  const auto at =
      std::find_if(now.images.begin(), now.images.end(), [&](const Image& one) { return one.id == id; });
  return at == now.images.end() ? nullptr : &*at;
}

const Image& the(const Announcement& now, std::int64_t id) {
  if (const auto* image = find(now, id)) return *image;
  throw base::UserError("not_found", "there is no such image");
}

// The part has a next version; `what` is for its history.
Edit::Written changed(store::Connection& connection, const Announcement& now, const std::string& actor,
                      const std::string& what) {
  connection.run_batch(store::sql::add_events,
                       {{kQueue, std::to_string(now.id), "image", store::Value(), store::Value(),
                         store::Value(), store::Value(), actor, what}});
  return {.written = !connection.run(sql::images_changed, {now.id, now.version}).empty()};
}

}  // namespace

std::pair<EditResult, std::optional<Announcement>> Service::edited(const Edit& edit) {
  auto answer = edit_item(database_, fence_, edit);
  if (answer.first == EditResult::changed) runner_.wake();
  return answer;
}

std::pair<EditResult, std::optional<Announcement>> Service::add_image(std::int64_t id, std::int64_t version,
                                                                      const NewImage& image,
                                                                      const std::string& actor) {
  const auto facts = checked_image(image.bytes, image.alt);
  const auto sha256 = base::sha256_hex(image.bytes);
  return edited({.id = id,
                 .version = version,
                 .actor = actor,
                 .is_there =
                     [&](const Announcement& now) {
                       return std::any_of(now.images.begin(), now.images.end(), [&](const Image& one) {
                         return one.sha256 == sha256 && one.facts.alt == image.alt;
                       });
                     },
                 .write =
                     [&](store::Connection& connection, const Announcement& now) {
                       announce::add_image(connection, id, now.images, image, facts, sha256);
                       return changed(connection, now, actor,
                                      "added: " + facts.media_type + ", " + std::to_string(facts.width) +
                                          " × " + std::to_string(facts.height) + ", " + sha256.substr(0, 12));
                     }});
}

std::pair<EditResult, std::optional<Announcement>> Service::change_image(std::int64_t id,
                                                                         std::int64_t version,
                                                                         std::int64_t image,
                                                                         const ImageChange& change,
                                                                         const std::string& actor) {
  if (change.alt) check_alt(*change.alt);
  return edited({.id = id,
                 .version = version,
                 .actor = actor,
                 .is_there =
                     [&](const Announcement& now) {
                       const auto* one = find(now, image);
                       return one != nullptr && one->facts.alt == change.alt.value_or(one->facts.alt) &&
                              one->position == change.position.value_or(one->position);
                     },
                 .write =
                     [&](store::Connection& connection, const Announcement& now) {
                       const auto& one = the(now, image);
                       announce::change_image(connection, id, now.images, one, change);
                       return changed(connection, now, actor, "changed: " + one.sha256.substr(0, 12));
                     }});
}

std::pair<EditResult, std::optional<Announcement>> Service::remove_image(std::int64_t id,
                                                                         std::int64_t version,
                                                                         std::int64_t image,
                                                                         const std::string& actor) {
  return edited({.id = id,
                 .version = version,
                 .actor = actor,
                 .is_there = [&](const Announcement& now) { return find(now, image) == nullptr; },
                 .write =
                     [&](store::Connection& connection, const Announcement& now) {
                       const auto one = the(now, image);
                       announce::remove_image(connection, id, one);
                       return changed(connection, now, actor, "removed: " + one.sha256.substr(0, 12));
                     }});
}

std::optional<connect::Image> Service::image(std::int64_t id, std::int64_t image) {
  return database_.retrying(
      [&](store::Connection& connection) { return image_bytes(connection, id, image); });
}

}  // namespace fencepost::announce
