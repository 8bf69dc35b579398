#pragma once
// The canonical states of an item, the answers of the protocol, and what a queue is: public values, under the
// names that this program uses, and what it alone does with them.

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "core/backoff.hpp"
#include "core/limits.hpp"
#include "fencepost/answers.hpp"
#include "fencepost/queue.hpp"

namespace fencepost::core {

using fencepost::EditAnswer;
using fencepost::effect_outcome;
using fencepost::EffectOutcome;
using fencepost::KeyType;
using fencepost::Kind;
using fencepost::name;
using fencepost::Queue;
using fencepost::ResolveAnswer;
using fencepost::RunNowAnswer;
using fencepost::State;
using fencepost::StopAnswer;
using fencepost::Words;

// Throws UserError("invalid_queue") when the descriptor cannot be used, saying what to change: names that are
// no identifiers, words that are not distinct (`once` needs all seven; a repeatable queue may use one word
// for failed, unknown and stopped, and one for claimed and sending, which it never writes), an empty word.
void validate(const Queue& queue);

// Which state a row's status word stands for; words that the queue does not know are `other`.
State state_of(const Queue& queue, std::string_view word);
const std::string& word_of(const Queue& queue, State state);

}  // namespace fencepost::core
