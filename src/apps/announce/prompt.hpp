#pragma once
// What a model is asked. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "connect/models/model.hpp"

namespace fencepost::announce {

// What is told of an announcement, all of it written by people. Nothing secret.
struct PromptFacts {
  std::string show, description;
  std::string title, notes, topics;  // of the episode; topics one a line
  std::optional<std::int64_t> number;
  std::string host, style;  // may be empty
  std::string platform;
};

// The facts as JSON, so that no text of theirs can end where it begins; each shortened to what a model needs.
connect::Prompt prompt_of(const PromptFacts& facts);

}  // namespace fencepost::announce
