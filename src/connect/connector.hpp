#pragma once
// The seam to the outside: one connector a platform. The effect runner (engine) decides when something is
// sent; a connector knows only how: it renders, sends, classifies and looks (rule 16). What the platform
// promises and which of its answers are certain stands in the connector, beside its source, and nowhere else.
//
// Thread-safe: one connector serves all workers at once. Calls block, end at their deadline at the latest,
// and end soon (about 0.1 s) after a stop is asked for.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace fencepost::connect {

// What a person wants said, before the platform's form.
struct Post {
  std::string text;  // UTF-8
  std::string url;   // of the show; may be empty
};

// What a connection proves itself with. Its form is the connector's own (a token, `whsec_…`, JSON).
struct Credentials {
  base::Secret secret;
};

// What will be sent, exactly, without any secret: stored by the gate, sent verbatim, looked for afterwards.
struct Rendered {
  std::string destination;  // where to; a connector whose URL is a secret names something harmless here
  std::string request;      // JSON
};

enum class Verdict {
  accepted,         // the platform said yes
  certain_failure,  // no byte of the request left, or the platform's answer means that nothing happened
  unknown,          // everything else: it may have happened
};

struct Outcome {
  Verdict verdict = Verdict::unknown;
  std::string remote_id;   // accepted: the platform's name for it, if it gave one
  std::string remote_url;  // accepted: http(s), where people see it, if it gave one
  std::string error;       // not accepted: one short sentence, safe to show
  // Certain failures only: the same request may succeed later; and when, if the platform said so.
  bool retryable = false;
  std::optional<base::Duration> retry_after;
};

enum class Presence { present, absent, cannot_tell };

struct Look {
  Presence presence = Presence::cannot_tell;
  std::string remote_id, remote_url;  // present: as in Outcome
  std::string evidence;               // what was seen, one short sentence, safe to show
};

class Connector {
 public:
  virtual ~Connector() = default;

  // "webhook", "bluesky", …; stable, stored with connections.
  virtual std::string_view platform() const = 0;

  // Whether the platform itself refuses a second arrival of the same key, so that an item which is found
  // absent may be sent again (rule 10). True only where that was measured or is documented.
  virtual bool refuses_second_arrival() const = 0;

  // Throws UserError("invalid_destination" | "invalid_credentials") if a connection cannot be made of these.
  virtual void check(const std::string& destination, const Credentials& credentials) const = 0;

  // Pure: the same arguments give the same bytes. `destination` is the connection's own, as check() accepted
  // it; `key` is the item's idempotency key. Throws UserError("invalid_text").
  virtual Rendered render(const Post& post, const std::string& destination, const std::string& key) const = 0;

  // Sends once and says what is known. `deadline` is the hard deadline that the gate has recorded, on the
  // clock that the connector was made with: after it no byte of this request is still sent by this process.
  // It is a moment and not a length, so that a worker which is paused between its gate and this call sends
  // nothing late. Never throws for what the network or the platform does.
  virtual Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                       base::BootTime deadline, std::stop_token stop) = 0;

  // Asks the platform whether an earlier send of this key went out. Has no effect there. Never throws
  // likewise.
  virtual Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                    base::BootTime deadline, std::stop_token stop) = 0;
};

}  // namespace fencepost::connect
