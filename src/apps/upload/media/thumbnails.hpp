#pragma once
// Pictures that stand for a video.

#include <string>

#include "apps/upload/media/folders.hpp"

namespace fencepost::media {

inline constexpr std::int64_t kThumbnail = 2'097'152;  // bytes: YouTube takes 2 MB

struct Picture {
  std::string media_type;  // image/jpeg or image/png, by its first bytes
  std::string bytes;
};

// Throws UserError as Folders::open() does, and "invalid_thumbnail": too large, or no JPEG or PNG.
Picture read_thumbnail(const Folders& folders, const std::string& folder, const std::string& path);

}  // namespace fencepost::media
