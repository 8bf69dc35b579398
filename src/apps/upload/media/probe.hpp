#pragma once
// What ffprobe says of a video. The program reads bytes of strangers: it gets the open file and nothing else,
// a bounded time, memory and output, and may open neither a URL nor another format than those of videos.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace fencepost::media {

struct ProbeLimits {
  base::Duration time = std::chrono::seconds(30);
  std::int64_t memory = std::int64_t{1} << 30;  // bytes of address space
};

struct Facts {
  std::optional<std::int64_t> duration_ms{}, width{}, height{};
  std::string error{};  // why there are none: safe to show; empty: there are
};

// "ffprobe" as PATH has it, or a path; empty: it is not there.
std::string find_program(const std::string& name);

// Runs `program` (of find_program) to its end, or to a wanted stop. Thread-safe; never throws but
// std::bad_alloc.
Facts probe(const std::string& program, const base::FileDescriptor& file, const ProbeLimits& limits,
            const std::stop_token& stop = {});

// What its answer says; for probe().
Facts read_answer(const std::string& json);

}  // namespace fencepost::media
