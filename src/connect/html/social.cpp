#include <algorithm>
#include <array>

#include "connect/domain.hpp"
#include "connect/html/contacts.hpp"

namespace fencepost::connect {

namespace {

struct Network {
  std::string_view name;
  std::string_view host;       // of the stored URL
  std::string_view also;       // another host, or empty
  std::string_view beginning;  // how a profile's path begins; "/": anything but kNotProfiles
  std::string_view second;     // or so; or empty
  std::string_view third;
};

constexpr auto kNetworks = std::to_array<Network>({
    {"bluesky", "bsky.app", "", "/profile/", "", ""},
    {"discord", "discord.gg", "", "/", "", ""},
    {"discord", "discord.com", "", "/invite/", "", ""},
    {"facebook", "facebook.com", "fb.com", "/", "", ""},
    {"github", "github.com", "", "/", "", ""},
    {"instagram", "instagram.com", "", "/", "", ""},
    {"linkedin", "linkedin.com", "", "/company/", "/in/", "/school/"},
    {"pinterest", "pinterest.com", "pinterest.de", "/", "", ""},
    {"telegram", "t.me", "", "/", "", ""},
    {"threads", "threads.net", "threads.com", "/@", "", ""},
    {"tiktok", "tiktok.com", "", "/@", "", ""},
    {"vimeo", "vimeo.com", "", "/", "", ""},
    {"whatsapp", "wa.me", "", "/", "", ""},
    {"x", "x.com", "twitter.com", "/", "", ""},
    {"xing", "xing.com", "", "/companies/", "/pages/", "/profile/"},
    {"youtube", "youtube.com", "", "/@", "/channel/", "/c/"},
    {"youtube", "youtube.com", "", "/user/", "", ""},
});

// The first segment of what is no profile, anywhere.
constexpr auto kNotProfiles = std::to_array<std::string_view>(
    {"sharer", "sharer.php", "share",   "share.php", "dialog",   "plugins",  "tr",       "login",
     "signup", "intent",     "home",    "hashtag",   "search",   "i",        "p",        "reel",
     "reels",  "explore",    "stories", "pin",       "events",   "watch",    "about",    "privacy",
     "terms",  "policies",   "legal",   "help",      "settings", "features", "joinchat", "groups",
     "photo",  "photo.php",  "video",   "v",         "channels", "player"});

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Whether the host is this one or a usual variant of it: www, m, a language.
bool is_of(std::string_view host, std::string_view wanted) {
  if (wanted.empty() || !host.ends_with(wanted)) return false;
  if (host.size() == wanted.size()) return true;
  const auto sub = host.substr(0, host.size() - wanted.size());
  constexpr std::size_t kLongestVariant = 4;  // "www."
  return sub.ends_with('.') && (sub.size() <= kLongestVariant || sub == "mobile.");
}

}  // namespace

std::optional<Social> social_of(std::string_view url) {
  const auto parts = url_parts(url);
  if (!parts) return std::nullopt;
  auto path = std::string_view(parts->path);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.size() < 2) return std::nullopt;
  const auto folded = lower(path);
  const auto first = std::string_view(folded).substr(1, folded.find('/', 1) - 1);
  for (const auto& network : kNetworks) {
    if (!is_of(parts->host, network.host) && !is_of(parts->host, network.also)) continue;
    for (const auto beginning : {network.beginning, network.second, network.third}) {
      if (beginning.empty() || !folded.starts_with(beginning) || path.size() <= beginning.size()) continue;
      // Where every path may be a profile, those that are known not to be are not.
      const bool other = std::find(kNotProfiles.begin(), kNotProfiles.end(), first) != kNotProfiles.end();
      if (beginning == "/" && other) continue;
      // Behind a name stand posts and repositories; only facebook has profiles there too.
      if (beginning == "/" && path.find('/', 1) != std::string_view::npos && network.name != "facebook")
        continue;
      auto rest =
          first == "profile.php" ? std::string_view(parts->target) : path;  // facebook's numbered ones
      return Social{std::string(network.name), "https://" + std::string(network.host) + std::string(rest)};
    }
  }
  return std::nullopt;
}

std::string unescaped(std::string_view text) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && hex(text[at + 1]) >= 0 && hex(text[at + 2]) >= 0) {
      out += static_cast<char>(hex(text[at + 1]) * 16 + hex(text[at + 2]));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace fencepost::connect
