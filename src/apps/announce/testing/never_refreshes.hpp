#pragma once
// For credentials that have no end, as a webhook's secret. Tests only.

#include "accounts/fresh_credentials.hpp"

namespace fencepost::announce::testing {

class NeverRefreshes final : public accounts::Refresher {
 public:
  accounts::RefreshAnswer refresh(const accounts::LiveConnection&, base::BootTime) override {
    return {.kind = accounts::RefreshAnswer::Kind::refused, .why = "never refreshed"};
  }
  void discard(const accounts::LiveConnection&, const base::Secret&, base::BootTime) override {}
};

}  // namespace fencepost::announce::testing
