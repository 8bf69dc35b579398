#pragma once
// Credentials that have no end, as a webhook's: nobody is asked for new ones. Tests only.

#include "accounts/fresh_credentials.hpp"

namespace fencepost::announce::testing {

class NeverRefreshed final : public accounts::Refresher {
 public:
  accounts::RefreshAnswer refresh(const accounts::LiveConnection&, base::BootTime) override {
    return {.kind = accounts::RefreshAnswer::Kind::refused, .why = "never refreshed"};
  }
  void discard(const accounts::LiveConnection&, const base::Secret&, base::BootTime) override {}
};

}  // namespace fencepost::announce::testing
