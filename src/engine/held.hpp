#pragma once
// The claims that this process holds for one queue, and until when it may believe in them (rule 11).

#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "store/fence.hpp"

namespace fencepost::engine {

// Thread-safe. Times are CLOCK_BOOTTIME, counted from before the claim or renewal was sent, so that the
// process stops believing before the database does, whatever either clock does meanwhile.
class HeldClaims {
 public:
  // `renew_until`: no renewal after that; a handler that hangs must not live for ever (rule 9).
  void add(const std::vector<store::Claim>& claims, base::BootTime expires, base::BootTime renew_until);
  void remove(const std::vector<std::int64_t>& claims);
  // The token that asks the claim's handler to stop.
  std::stop_token token(std::int64_t claim) const;
  // Whether the lease may still be believed in at `now`.
  bool alive(std::int64_t claim, base::BootTime now) const;
  // Those whose lease should be renewed.
  std::vector<store::Claim> renewable(base::BootTime now) const;
  // Renewals came through; a fence other than the claim's, or a wanted stop, asks its handler to stop.
  void renewed(const std::vector<store::Fence::Renewed>& renewed, base::BootTime expires);
  // Asks every handler to stop whose lease ends before `now` + margin. Answers how many were asked.
  int expire(base::BootTime now, base::Duration margin);
  void stop_all();
  std::vector<std::int64_t> claims() const;
  std::size_t size() const;

 private:
  struct Held {
    store::Claim claim;
    base::BootTime expires;
    base::BootTime renew_until;
    std::stop_source stop;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, Held> held_;
};

}  // namespace fencepost::engine
