#pragma once
// Times as people write them: with an offset, or as their clock shows them in a zone. Pure; thread-safe.

#include <string>

#include "base/clock.hpp"

namespace fencepost::core {

// µs since 1970 UTC of an RFC 3339 time ("2026-11-22T20:00:00+01:00"), or of a local one without an offset
// ("2026-11-22T20:00", also with seconds) in the IANA zone. Where the clock is put forward, a local time that
// is skipped is the first instant after the gap; where it is put back, one that comes twice is the first of
// the two: as a fixed schedule has it (core/cron.hpp). Throws UserError: invalid_time, invalid_zone.
base::Micros parse_time(const std::string& text, const std::string& zone);

// What a clock of the zone shows, to the second: "2026-11-22T20:00:00". Throws UserError("invalid_zone").
std::string format_local(base::Micros at, const std::string& zone);

}  // namespace fencepost::core
