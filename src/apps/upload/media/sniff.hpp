#pragma once
// What a file is, by its first bytes: nobody's word is taken for it. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace fencepost::media {

inline constexpr std::size_t kSniffed = 512;  // bytes that are enough

// "video/mp4", "image/jpeg" …; "application/octet-stream" where it is none that is known here.
std::string media_type_of(std::string_view first_bytes);

bool is_picture(std::string_view media_type);

}  // namespace fencepost::media
