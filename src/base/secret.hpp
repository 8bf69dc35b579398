#pragma once
// A text that must not be printed. There is no operator<<, no formatter and no implicit conversion.

#include <string>
#include <utility>

namespace fencepost::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { wipe(text_); }

  // The text itself, for the one call that sends or stores it. The reference lives as long as the Secret.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  static void wipe(std::string& text);
  std::string text_;
};

}  // namespace fencepost::base
