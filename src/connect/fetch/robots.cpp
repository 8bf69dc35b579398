#include "connect/fetch/robots.hpp"

#include <algorithm>
#include <charconv>

#include "connect/domain.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kMostBytes = std::size_t{500} << 10;
constexpr std::size_t kMostRules = 5'000;
constexpr std::size_t kMostSitemaps = 1'000;
constexpr std::size_t kLongest = 2'048;  // of a path or URL

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\v\f";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

// Section 2.2.1: letters, "_" and "-"; what follows (a version) does not count.
std::string product(std::string_view value) {
  const auto end = std::find_if(value.begin(), value.end(), [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '*');
  });
  return lower(std::string_view(value.begin(), end));
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The form in which rules and targets are compared (section 2.2.2): unreserved characters as they are,
// everything else that is escaped or not ASCII as %XX. In a target "*" and "$" are no signs: they are
// escaped.
std::string normal(std::string_view text, bool target) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  const auto escape = [&](unsigned char c) {
    out += '%';
    out += kDigits[c >> 4U];
    out += kDigits[c & 15U];
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = text[at];
    if (c == '%' && at + 2 < text.size() && hex(text[at + 1]) >= 0 && hex(text[at + 2]) >= 0) {
      const auto value = static_cast<unsigned char>(hex(text[at + 1]) * 16 + hex(text[at + 2]));
      const char plain = static_cast<char>(value);
      const bool unreserved = (lower(plain) >= 'a' && lower(plain) <= 'z') ||
                              (plain >= '0' && plain <= '9') || plain == '-' || plain == '.' ||
                              plain == '_' || plain == '~';
      if (unreserved) {
        out += plain;
      } else {
        escape(value);
      }
      at += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80 || (target && (c == '*' || c == '$'))) {
      escape(static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

// Each piece between stars is taken at its first place: a later one could only leave less for the rest.
bool matches(std::string_view rule, std::string_view target) {
  const bool to_end = rule.ends_with('$');
  if (to_end) rule.remove_suffix(1);
  std::size_t at = 0;
  for (bool first = true;; first = false) {
    const auto star = rule.find('*');
    const auto piece = rule.substr(0, star);
    const bool last = star == std::string_view::npos;
    if (last && to_end && !first) return target.size() - at >= piece.size() && target.ends_with(piece);
    const auto found =
        first ? (target.starts_with(piece) ? 0 : std::string_view::npos) : target.find(piece, at);
    if (found == std::string_view::npos) return false;
    at = found + piece.size();
    if (last) return !to_end || at == target.size();
    rule.remove_prefix(star + 1);
  }
}

std::optional<base::Duration> seconds(std::string_view value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end == value.data() || !(number >= 0)) return std::nullopt;
  constexpr double kMost = 3'600;
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(std::min(number, kMost)));
}

}  // namespace

Robots Robots::parse(std::string_view text, std::string_view robot) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > kMostBytes) text = text.substr(0, text.find_last_of("\r\n", kMostBytes) + 1);

  Robots ours;    // of the groups that name us
  Robots anyone;  // of the groups of "*"
  std::vector<std::string> sitemaps;
  bool named = false;            // a group names us, maybe one without rules
  bool us = false, all = false;  // whom the present group is for
  bool agents = false;           // the line before was a user-agent: the group goes on
  const auto each = [&](auto&& act) {
    if (us) act(ours);
    if (all) act(anyone);
  };
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = lower(trimmed(line.substr(0, colon)));
    const auto value = trimmed(line.substr(colon + 1));
    if (key == "user-agent") {
      if (!agents) us = all = false;
      agents = true;
      const auto name = product(value);
      us = us || name == robot;
      all = all || name == "*";
      named = named || us;
    } else if (key == "allow" || key == "disallow") {
      agents = false;
      if (value.empty() || value.size() > kLongest) continue;  // an empty one forbids nothing
      each([&](Robots& to) {
        if (to.rules_.size() < kMostRules) to.rules_.push_back({key == "allow", normal(value, false)});
      });
    } else if (key == "crawl-delay") {
      agents = false;
      each([&](Robots& to) {
        if (!to.crawl_delay_) to.crawl_delay_ = seconds(value);
      });
    } else if (key == "sitemap" && !value.empty() && value.size() <= kLongest) {
      if (sitemaps.size() < kMostSitemaps) sitemaps.emplace_back(value);
    }
  }
  auto& chosen = named ? ours : anyone;
  chosen.sitemaps_ = std::move(sitemaps);
  return std::move(chosen);
}

bool Robots::allows(std::string_view target) const {
  if (target == "/robots.txt") return true;
  const auto wanted = normal(target, true);
  const Rule* best = nullptr;
  for (const auto& rule : rules_) {
    const bool longer = best == nullptr || rule.path.size() > best->path.size() ||
                        (rule.path.size() == best->path.size() && rule.allow);
    if (longer && matches(rule.path, wanted)) best = &rule;
  }
  return best == nullptr || best->allow;
}

std::variant<Robots, FetchError> robots_of(Fetcher& fetcher, std::string_view url, base::BootTime deadline,
                                           std::stop_token stop) {
  using Kind = FetchError::Kind;
  const auto parts = url_parts(url);
  if (!parts) return FetchError{.kind = Kind::url, .reason = "this is not a URL"};
  FetchRequest request;
  request.url = parts->origin + "/robots.txt";
  request.content = Content::text;
  std::string text;
  const auto take = [&](std::string_view piece) {
    text += piece;
    return text.size() <= kMostBytes;
  };
  auto result = fetcher.stream(request, take, deadline, std::move(stop));
  auto* error = std::get_if<FetchError>(&result);
  if (error == nullptr || error->kind == Kind::unwanted) return Robots::parse(text);
  const bool missing = error->kind == Kind::status && error->status < 500 && error->status != 429;
  if (missing || error->kind == Kind::redirect || error->kind == Kind::content_type)
    return Robots::allow_all();
  return std::move(*error);
}

}  // namespace fencepost::connect
