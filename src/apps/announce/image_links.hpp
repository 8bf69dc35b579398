#pragma once
// Where a platform fetches an image that it does not take from us (ImageRules::fetched): an address that
// names image and claim, sealed, so that nobody can guess one or read in it. It opens the image for as long
// as that claim is at work on the announcement: a stop, an edit or the outcome closes it, whoever has kept
// it.

#include <cstdint>
#include <optional>
#include <string>

#include "accounts/vault.hpp"
#include "connect/images.hpp"
#include "store/database.hpp"

namespace fencepost::announce {

inline constexpr const char* kImageLinks = "/api/v1/image-links/";

// Thread-safe.
class ImageLinks {
 public:
  // `origin`: this server as platforms reach it, https://HOST; empty: they do not, and url() is empty.
  ImageLinks(const accounts::Vault& vault, std::string origin) : vault_(vault), origin_(std::move(origin)) {}
  std::string url(std::int64_t announcement, std::int64_t image, std::int64_t claim) const;

 private:
  const accounts::Vault vault_;
  const std::string origin_;
};

// What `link` (the URL's last segment) opens now: media type and bytes; nullopt: nothing, or nothing any
// more. Throws InfraError.
std::optional<connect::Image> linked_image(store::Database& database, const accounts::Vault& vault,
                                           const std::string& link);

}  // namespace fencepost::announce
