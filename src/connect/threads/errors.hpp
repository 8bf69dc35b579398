#pragma once
// What Threads' errors mean: {"error": {"message", "type", "code", "error_subcode", "is_transient"}}. The
// status alone does not say it: an expired token comes as 400 or 401, a rate limit as 400, 403 or 429.
// Sources: developers.facebook.com/docs/graph-api/guides/error-handling; /docs/threads/troubleshooting.

#include "connect/exchange.hpp"

namespace fencepost::connect::threads {

// Of an answer that is no yes. `wait`: where Threads names no time at which a limit ends.
//
// credentials   190 (token), 102 (session)
// rate_limited  429; 4, 17, 32, 613 (calls); subcode 2207042 (posts in 24 hours)
// temporary     9004, subcode 2207052: an image could not be fetched from its address
// unknown       1, 2 or `is_transient` (an error of theirs, whatever the status); 10 (seen of containers that
//               were published: github.com/tirthpatell/threads-go, pull request 30); 5xx
// rejected      what else has a 4xx of by_status()
Outcome refusal(const HttpResult& result, const Credentials& credentials, base::Micros now,
                base::Duration wait);

// Of a container whose state is ERROR: what its `error_message` means. Nothing was posted of it; what is
// wrong with an image ("INVALID_…") a person has to change, and everything else may go better the next time.
Outcome unmade(const std::string& said);

// Code 24, subcode 4279009: "the media cannot be found".
bool is_missing(const HttpResult& result);

}  // namespace fencepost::connect::threads
