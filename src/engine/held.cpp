#include "engine/held.hpp"

#include <algorithm>

namespace fencepost::engine {

void HeldClaims::add(const std::vector<store::Claim>& claims, base::BootTime expires,
                     base::BootTime renew_until) {
  const std::lock_guard lock(mutex_);
  for (const auto& claim : claims)
    held_.insert_or_assign(claim.claim, Held{claim, expires, renew_until, std::stop_source()});
}

void HeldClaims::remove(const std::vector<std::int64_t>& claims) {
  const std::lock_guard lock(mutex_);
  for (const auto claim : claims) held_.erase(claim);
}

std::stop_token HeldClaims::token(std::int64_t claim) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(claim);
  return found == held_.end() ? std::stop_token() : found->second.stop.get_token();
}

bool HeldClaims::alive(std::int64_t claim, base::BootTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(claim);
  return found != held_.end() && now < found->second.expires;
}

std::vector<store::Claim> HeldClaims::renewable(base::BootTime now) const {
  const std::lock_guard lock(mutex_);
  std::vector<store::Claim> claims;
  for (const auto& [id, held] : held_)
    if (now < held.renew_until) claims.push_back(held.claim);
  return claims;
}

void HeldClaims::renewed(const std::vector<store::Fence::Renewed>& renewed, base::BootTime expires) {
  const std::lock_guard lock(mutex_);
  for (const auto& row : renewed) {
    const auto found = held_.find(row.claim);
    if (found == held_.end()) continue;
    auto& held = found->second;
    held.expires = std::max(held.expires, expires);
    if (row.stop_wanted || row.fence != held.claim.fence) held.stop.request_stop();
  }
}

int HeldClaims::expire(base::BootTime now, base::Duration margin) {
  const std::lock_guard lock(mutex_);
  int asked = 0;
  for (auto& [id, held] : held_)
    if ((now + margin >= held.expires || now >= held.renew_until) && held.stop.request_stop()) ++asked;
  return asked;
}

void HeldClaims::stop_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : held_) held.stop.request_stop();
}

std::vector<std::int64_t> HeldClaims::claims() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> ids;
  for (const auto& [id, held] : held_) ids.push_back(id);
  return ids;
}

std::size_t HeldClaims::size() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

}  // namespace fencepost::engine
