#pragma once
// What is said of a video, within YouTube's limits
// (https://developers.google.com/youtube/v3/docs/videos#properties). Pure and thread-safe.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fencepost::media {

inline constexpr std::size_t kTitle = 100;         // characters: UTF-16 code units
inline constexpr std::size_t kDescription = 5000;  // bytes of UTF-8
inline constexpr std::size_t kTags = 500;          // as tags_length() counts

// Each throws UserError: invalid_title, invalid_description, invalid_tags, saying what is wrong; also for '<'
// and '>', which YouTube refuses, and control characters.
void check_title(std::string_view title);
void check_description(std::string_view description);
void check_tags(const std::vector<std::string>& tags);

// All tags, the commas between them, and two quotes for each tag with a space.
std::size_t tags_length(const std::vector<std::string>& tags);

// Replaces {name} by its value. What is no known name stays as it is, and nothing is replaced twice.
std::string fill(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace fencepost::media
