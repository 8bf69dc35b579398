#include "apps/upload/media/metadata.hpp"

#include "accounts/text.hpp"
#include "base/error.hpp"

namespace fencepost::media {

namespace {
// As Java and JavaScript count: nothing that fits so is too long for YouTube, whichever way it counts.
std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

// Why YouTube takes no such text, whatever it is; empty: nothing.
std::string fault_of(std::string_view text, bool lines) {
  if (!accounts::utf8_length(text)) return "is not valid UTF-8";
  if (text.find_first_of("<>") != std::string_view::npos) return "has a '<' or a '>', which YouTube refuses";
  if (accounts::has_control(text, lines)) return lines ? "has control characters" : "is not one line of text";
  return {};
}
}  // namespace

void check_title(std::string_view title) {
  auto fault = fault_of(title, false);
  if (fault.empty() && title.find_first_not_of(' ') == std::string_view::npos) fault = "is empty";
  if (fault.empty() && utf16_length(title) > kTitle) fault = "has more than 100 characters";
  if (!fault.empty()) throw base::UserError("invalid_title", "the title " + fault);
}

void check_description(std::string_view description) {
  auto fault = fault_of(description, true);
  if (fault.empty() && description.size() > kDescription) fault = "has more than 5,000 bytes";
  if (!fault.empty()) throw base::UserError("invalid_description", "the description " + fault);
}

std::size_t tags_length(const std::vector<std::string>& tags) {
  std::size_t length = tags.empty() ? 0 : tags.size() - 1;
  for (const auto& tag : tags) length += utf16_length(tag) + (tag.find(' ') == std::string::npos ? 0 : 2);
  return length;
}

void check_tags(const std::vector<std::string>& tags) {
  for (const auto& tag : tags) {
    auto fault = fault_of(tag, false);
    if (fault.empty() && tag.find_first_not_of(' ') == std::string::npos) fault = "is empty";
    if (fault.empty() && tag.find_first_of(",\"") != std::string::npos) fault = "has a comma or a quote";
    if (!fault.empty()) throw base::UserError("invalid_tags", "a tag " + fault);
  }
  if (tags_length(tags) > kTags)
    throw base::UserError("invalid_tags",
                          "the tags have more than 500 characters in all: YouTube counts the commas between "
                          "them, and two quotes for each tag with a space");
}

std::string fill(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = std::min(text.find('{', at), text.size());
    out.append(text.substr(at, open - at));
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) return out.append(text.substr(open));
    const auto value = values.find(std::string(text.substr(open + 1, close - open - 1)));
    if (value == values.end()) {
      out += '{';
      at = open + 1;
    } else {
      out += value->second;
      at = close + 1;
    }
  }
  return out;
}

}  // namespace fencepost::media
