#include "apps/announce/image_links.hpp"

#include <charconv>

#include "announce/sql.hpp"

namespace fencepost::announce {

namespace {

constexpr const char* kContext = "image link";
// Longer than any of ours: it is not worth a look at the key.
constexpr std::size_t kLongest = 300;

// "ANNOUNCEMENT IMAGE CLAIM": it was sealed here.
store::Params named_in(const std::string& text) {
  store::Params numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t number = 0;
    at = std::from_chars(at, end, number).ptr + 1;
    numbers.emplace_back(number);
  }
  return numbers;
}

}  // namespace

std::string ImageLinks::url(std::int64_t announcement, std::int64_t image, std::int64_t claim) const {
  if (origin_.empty()) return "";
  const auto named = std::to_string(announcement) + ' ' + std::to_string(image) + ' ' + std::to_string(claim);
  return origin_ + kImageLinks + vault_.seal(base::Secret(named), kContext);
}

std::optional<connect::Image> linked_image(store::Database& database, const accounts::Vault& vault,
                                           const std::string& link) {
  if (link.size() > kLongest) return std::nullopt;
  const auto plain = vault.try_unseal(link, kContext);
  if (!plain) return std::nullopt;  // none of ours, or of a key that is gone
  const auto named = named_in(plain->reveal());
  return database.retrying([&](store::Connection& connection) -> std::optional<connect::Image> {
    const auto rows = connection.run(sql::linked_image, named);
    if (rows.empty()) return std::nullopt;
    return connect::Image{.bytes = rows[0][1].text(), .media_type = rows[0][0].text(), .alt = ""};
  });
}

}  // namespace fencepost::announce
