#pragma once
// What is known of an effect after sending it, or after asking the platform. Pure values.

#include <any>
#include <optional>
#include <string>

#include "fencepost/time.hpp"

namespace fencepost {

// happened and did_not_happen are certain: no byte of the request left, or the platform said so. Whatever
// else can be (a cut, a time-out, a 5xx after the request left) is unknown.
enum class Verdict { happened, did_not_happen, unknown };

struct EffectResult {
  Verdict verdict = Verdict::unknown;
  std::string remote_id{};
  std::string remote_url{};
  std::string detail{};                   // short and safe to show
  std::optional<Duration> retry_after{};  // did_not_happen: try again after this; else the item failed
  std::any own{};                         // the application's, for who settles it; not kept
  // did_not_happen, of a look: nor will it, whatever of the request still travels: the item failed.
  bool over = false;
};

}  // namespace fencepost
