#pragma once
// What YouTube's answers say. Pure; thread-safe. Inside youtube/ only.

#include <optional>
#include <string>

#include "connect/youtube/youtube.hpp"

namespace fencepost::connect::youtube {

// A title as it can be stored and shown: UTF-8, without control characters.
std::string shown_text(const std::string& text);

// nullopt: it is not what it should be.
std::optional<std::vector<Video>> parse_videos(const std::string& json);
std::optional<std::vector<Entry>> parse_playlist(const std::string& json);
std::optional<std::vector<Entry>> parse_feed(const std::string& xml);
// The page of a channel or of a video. Without a canonical link, or with one to the consent page: trouble.
Page parse_page(const std::string& html);

// Why the API refused, from status and body (developers.google.com/youtube/v3/docs/errors).
Trouble api_trouble(int status, const std::string& body);

}  // namespace fencepost::connect::youtube
