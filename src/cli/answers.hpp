#pragma once
// What a command's end or a receiver's answer means. Pure; docs/guides/adopt.md has the tables.

#include <string>
#include <vector>

#include "cli/child_process.hpp"
#include "connect/http_client.hpp"
#include "engine/handler_work.hpp"

namespace fencepost::cli {

// sysexits.h. Everything else that is not 0 is, of repeatable work, a failure to be retried; of `once` work
// nobody knows.
enum ExitCode : int {
  kDone = 0,
  kFailed = 65,      // EX_DATAERR: for good; `once`: it certainly did not happen
  kSnooze = 69,      // EX_UNAVAILABLE: not now; standard output says how many seconds. Counts as no attempt
  kRetry = 75,       // EX_TEMPFAIL: once more, after the back-off or the seconds on standard output
  kCannotRun = 126,  // the shell's own
  kNoCommand = 127,
};

engine::Outcome outcome_of(const ChildResult& result);
engine::Outcome outcome_of(const connect::HttpResult& result, base::Micros now);

// Of a batch: one outcome for each of `items`, in their order. An answer that is a JSON array of objects
// {"item": …, "outcome": …, "after": …, "error": …} speaks for those that it names; the end as a whole for
// the others.
std::vector<engine::Outcome> batch_outcomes(const std::vector<std::string>& items, const std::string& answer,
                                            const engine::Outcome& whole);

// rule 16.
store::EffectResult effect_of(const ChildResult& result);
store::EffectResult effect_of(const connect::HttpResult& result, base::Micros now);

}  // namespace fencepost::cli
