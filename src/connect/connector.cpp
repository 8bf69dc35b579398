#include "connect/connector.hpp"

namespace fencepost::connect {

Fitted Connector::fit(const Post& post, const Account&) const {
  return {.text = post.text, .length = measure(post.text, {}), .limit = 0, .shortened = false};
}

std::variant<Rendered, Outcome> Connector::prepare(Rendered rendered, const Post&, const Account&,
                                                   const Credentials&, const std::string&, base::BootTime,
                                                   std::stop_token) {
  return rendered;
}

std::optional<base::Micros> Connector::expires_at(const Credentials&) const { return std::nullopt; }

Verified Connector::verify(const Account& account, const Credentials&, base::BootTime, std::stop_token) {
  Outcome outcome;
  outcome.verdict = Verdict::accepted;
  return {account, outcome};
}

Refreshed Connector::refresh(const Account&, const Credentials&, base::BootTime, std::stop_token) {
  Outcome outcome;
  outcome.verdict = Verdict::certain_failure;
  outcome.reason = Reason::credentials;
  outcome.error = "these credentials cannot be refreshed";
  return {std::nullopt, outcome};
}

void Connector::revoke(const Account&, const Credentials&, base::BootTime, std::stop_token) {}

}  // namespace fencepost::connect
