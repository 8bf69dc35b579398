#include "connect/connector.hpp"

namespace fencepost::connect {

namespace {
Outcome refused(Reason reason, std::string why) {
  Outcome outcome;
  outcome.verdict = Verdict::certain_failure;
  outcome.reason = reason;
  outcome.error = std::move(why);
  return outcome;
}
}  // namespace

Fitted Connector::fit(const Post& post, const Account&) const {
  return {.text = post.text, .length = measure(post.text, {}), .limit = 0, .shortened = false};
}

ImageRules Connector::image_rules(const Account&) const { return {.who = std::string(platform())}; }

std::variant<Rendered, Outcome> Connector::prepare(Rendered rendered, const Post&, const Account&,
                                                   const Credentials&, const std::string&, base::BootTime,
                                                   std::stop_token) {
  return rendered;
}

std::string Connector::text_of(const Rendered&) const { return ""; }

std::string Connector::told_by(const Rendered&) const { return ""; }

std::optional<base::Micros> Connector::expires_at(const Credentials&) const { return std::nullopt; }

Verified Connector::verify(const Account& account, const Credentials&, base::BootTime, std::stop_token) {
  Outcome outcome;
  outcome.verdict = Verdict::accepted;
  return {account, outcome};
}

bool Connector::refreshable(const Credentials&) const { return false; }

Refreshed Connector::refresh(const Account&, const Credentials&, base::BootTime, std::stop_token) {
  return {std::nullopt, refused(Reason::credentials, "these credentials cannot be refreshed")};
}

void Connector::revoke(const Account&, const Credentials&, base::BootTime, std::stop_token) {}

Authorisation Connector::authorisation(const Account&, const std::string&, base::BootTime, std::stop_token) {
  return {std::nullopt, refused(Reason::rejected, "this platform's credentials are typed in")};
}

Refreshed Connector::exchange(const oauth::Client&, const oauth::Code&, base::BootTime, std::stop_token) {
  return {std::nullopt, refused(Reason::rejected, "this platform's credentials are typed in")};
}

}  // namespace fencepost::connect
