#include "accounts/upkeep.hpp"

#include "accounts/idempotency.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/sql.hpp"

namespace fencepost::accounts {

namespace {
constexpr base::Duration kInvitationsKept = std::chrono::hours(30 * 24);
}  // namespace

std::int64_t sweep_accounts(store::Connection& connection, int step) {
  std::int64_t gone = connection.run(sql::sweep_sessions, {step, kSessionRest.count()}).changed;
  gone += connection.run(sql::sweep_invitations, {step, kInvitationsKept.count()}).changed;
  gone += connection.run(sql::sweep_attempts, {step, kFailuresKept.count(), kAddressKept.count()}).changed;
  gone += connection.run(sql::sweep_rate_limits, {step}).changed;
  gone += connection.run(sql::sweep_authorisations, {step}).changed;
  return gone + purge_idempotent(connection, kAnswersKept, step);
}

}  // namespace fencepost::accounts
