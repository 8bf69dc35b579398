#pragma once
// libxml2's HTML parser as events, with bounds on what a hostile page can cost. Internal to read_page().

#include <string_view>
#include <utility>
#include <vector>

namespace fencepost::connect {

class HtmlEvents {
 public:
  using Attributes = std::vector<std::pair<std::string_view, std::string_view>>;  // name in lower case, value

  virtual ~HtmlEvents() = default;
  virtual void start(std::string_view name, const Attributes& attributes) = 0;  // lower case
  virtual void end(std::string_view name) = 0;   // also of elements that the page leaves open
  virtual void text(std::string_view text) = 0;  // UTF-8
  virtual void raw(std::string_view text) = 0;   // inside of script and style
};

// Gives the page's events in their order. False where a bound was met: more than `depth` open elements, or
// tags of a shape on which libxml2 takes quadratic time (many thousand attributes). What an event throws ends
// the parsing and is thrown on.
bool parse_html(std::string_view html, std::size_t depth, HtmlEvents& events);

}  // namespace fencepost::connect
