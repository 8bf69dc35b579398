#pragma once
// Record keys of Bluesky: a TID is 13 digits of base 32 that sort by time (https://atproto.com/specs/tid).

#include <string>

namespace fencepost::connect::bluesky {

// The TID of an idempotency key: always the same one, so that the platform sees one record however often the
// key is sent. Its microseconds begin with the key's time (base::time_of), which has milliseconds; what is
// left of them and the clock identifier are a hash of the whole key. Pure.
std::string tid_of(const std::string& key);

}  // namespace fencepost::connect::bluesky
