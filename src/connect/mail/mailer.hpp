#pragma once
// Mail over SMTP (libcurl), one mail a session. The server is the operator's choice: its address is not
// judged.

#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "connect/connector.hpp"
#include "connect/mail/message.hpp"

namespace fencepost::connect::mail {

// starttls: plain, then TLS before anything else, or nothing is sent. tls: from the first byte. none: for a
// relay on this host; never with a password elsewhere.
enum class Tls { starttls, tls, none };

struct MailOptions {
  std::string host{};  // of the server; a name or an address, IPv6 without brackets
  std::uint16_t port = 587;
  Tls tls = Tls::starttls;
  std::string user{};  // empty: no AUTH
  base::Secret password{};
  std::string from{};     // a bare address
  std::string ca_file{};  // PEM, instead of the system's authorities; empty: the system's
};

// Throws UserError("invalid_mail_settings"), saying which and why.
void check(const MailOptions& options);

// Thread-safe. The clock must outlive it.
class Mailer {
 public:
  // Throws as check() does.
  Mailer(MailOptions options, const base::Clock& clock);

  // Sends once and says what is known, as Connector::send does: accepted is the server's final 250. Ends at
  // `deadline`, or about a second after `stop`. Errors name no host and no secret.
  Outcome send(const Mail& mail, base::BootTime deadline, const std::stop_token& stop) const;

 private:
  const MailOptions options_;
  const base::Clock& clock_;
};

}  // namespace fencepost::connect::mail
