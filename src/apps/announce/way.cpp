#include "apps/announce/way.hpp"

namespace fencepost::announce {

using store::EffectResult;
using store::Verdict;

Learnt learnt(const Way& way, const connect::Outcome& outcome) {
  return {.connection_id = way.connection_id,
          .version = way.version,
          .accepted = outcome.verdict == connect::Verdict::accepted,
          .refused = outcome.verdict == connect::Verdict::certain_failure &&
                     outcome.reason == connect::Reason::credentials,
          .rest = outcome.rest};
}

void write(store::Connection& connection, const Learnt& learnt, const std::string& why) {
  const auto id = learnt.connection_id;
  if (learnt.accepted) accounts::credentials_accepted(connection, id, learnt.version);
  if (learnt.refused) accounts::credentials_refused(connection, id, learnt.version, why);
  if (learnt.rest) accounts::rest_connection(connection, id, *learnt.rest);
}

EffectResult result_of(const Way& way, const connect::Outcome& outcome) {
  switch (outcome.verdict) {
    case connect::Verdict::accepted:
      return {Verdict::happened, outcome.remote_id, outcome.remote_url, "", {}, learnt(way, outcome)};
    case connect::Verdict::certain_failure: {
      EffectResult result{Verdict::did_not_happen, "", "", outcome.error, {}, learnt(way, outcome)};
      const bool refused = outcome.reason == connect::Reason::credentials;
      // Without a time of the platform's own, the engine's back-off is the wait.
      if (refused ? way.may_refresh : outcome.retryable)
        result.retry_after = outcome.retry_after.value_or(base::Duration(0));
      return result;
    }
    case connect::Verdict::unknown:
      break;
  }
  return {Verdict::unknown, "", "", outcome.error, {}, learnt(way, outcome)};
}

engine::NotNow not_now(const Way& way, const connect::Outcome& outcome) {
  const auto result = result_of(way, outcome);
  const bool unknown = outcome.verdict == connect::Verdict::unknown;
  engine::NotNow refusal{outcome.error, result.retry_after, true};
  if (unknown) refusal.again = base::Duration(0);
  return refusal;
}

EffectResult result_of(const connect::Look& look, const std::string& why_unknown) {
  switch (look.presence) {
    case connect::Presence::present:
      return {Verdict::happened, look.remote_id, look.remote_url, "", {}};
    case connect::Presence::absent:
      return {Verdict::did_not_happen, "", "", look.evidence, {}, {}, look.over};
    case connect::Presence::cannot_tell:
      break;
  }
  // A person decides by why it is unknown; that nobody can be asked is said beside it, not in its place.
  return {
      Verdict::unknown, "", "", why_unknown.empty() ? look.evidence : why_unknown + "; " + look.evidence, {}};
}

}  // namespace fencepost::announce
