#pragma once
// The seam to the outside: one connector a platform. The effect runner (engine) decides when something is
// sent; a connector knows only how: it renders, sends, classifies and looks (rule 16). What the platform
// promises and which of its answers are certain stands in the connector, beside its source, and nowhere else.
//
// Thread-safe: one connector serves all workers at once. Calls block, end at their deadline at the latest,
// and end soon (about 0.1 s) after a stop is asked for.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "connect/images.hpp"
#include "connect/oauth/client.hpp"
#include "connect/text.hpp"

namespace fencepost::connect {

// What a platform calls a post that is out: as Outcome gave it.
struct Remote {
  std::string id;
  std::string url;
};

// The posts before this one in its thread.
struct Thread {
  Remote root;    // the first
  Remote parent;  // the one that this answers; the root itself in the second
};

// What a person wants said, before the platform's form.
struct Post {
  std::string text;                  // UTF-8
  std::string url;                   // of the show; may be empty
  std::vector<Image> images{};       // in their order; may be more than the platform takes: render() says so
  std::string title{};               // of what `url` leads to, for a link card; may be empty
  std::string description{};         // likewise
  std::string language{};            // BCP 47, or empty
  std::optional<Thread> reply_to{};  // the parts of a thread behind the first
};

// A connection's account on its platform: nothing secret. `id`, `name` and `facts` are what verify() found.
struct Account {
  std::string target;        // as check() accepted it: the server's or the receiver's URL; may be empty
  std::string id{};          // the platform's own, stable: "did:plc:…", a number
  std::string name{};        // "@handle"
  std::string facts = "{}";  // JSON of the connector's own: what this server allows
};

// What a connection proves itself with. Its form is the connector's own (a token, `whsec_…`, JSON).
struct Credentials {
  base::Secret secret;
};

// What will be sent, exactly, without any secret: stored by the gate, sent verbatim, looked for afterwards.
struct Rendered {
  std::string destination;  // where to; a connector whose URL is a secret names something harmless here
  std::string request;      // JSON
  std::int64_t cost = 0;    // what the platform charges for it, in millionths of a US dollar
};

enum class Verdict {
  accepted,         // the platform said yes
  certain_failure,  // no byte of the request left, or the platform's answer means that nothing happened
  unknown,          // everything else: it may have happened
};

// Why it certainly failed: what the people who can help have to do.
enum class Reason {
  none,          // it did not
  temporary,     // the same request may succeed by itself
  rate_limited,  // the same, but not before `retry_after`
  credentials,   // refused as whom we are: refresh once, then a person has to connect anew
  rejected,      // this text, these images, this destination: a person has to change it
};

struct Outcome {
  Verdict verdict = Verdict::unknown;
  std::string remote_id;   // accepted: the platform's name for it, if it gave one
  std::string remote_url;  // accepted: http(s), where people see it, if it gave one
  std::string error;       // not accepted: one short sentence, safe to show
  // Certain failures only: the same request may succeed later; and when, if the platform said so.
  bool retryable = false;
  std::optional<base::Duration> retry_after;
  Reason reason = Reason::none;
  // Whatever the verdict: the platform wants nothing more of this account before this is over (a rate limit
  // that is used up).
  std::optional<base::Duration> rest{};
};

enum class Presence { present, absent, cannot_tell };

struct Look {
  Presence presence = Presence::cannot_tell;
  std::string remote_id, remote_url;  // present: as in Outcome
  std::string evidence;               // what was seen, one short sentence, safe to show
  bool over = false;  // absent: and it can never arrive any more, whatever of the request still travels
};

// Who a connection's credentials are, and what its server allows.
struct Verified {
  Account account;
  Outcome outcome;  // accepted; or why not, as for a post
};

// New credentials for old ones.
struct Refreshed {
  std::optional<Credentials> credentials;  // nullopt: see `outcome`
  // Not accepted: `unknown` means that the old ones may be used up, where the platform takes each but once.
  Outcome outcome;
};

// Where a person can let us in.
struct Authorisation {
  std::optional<oauth::Client> client;  // nullopt: see `outcome`
  Outcome outcome;                      // a certain failure where credentials are only ever typed in
};

class Connector {
 public:
  virtual ~Connector() = default;

  // "webhook", "bluesky", …; stable, stored with connections.
  virtual std::string_view platform() const = 0;

  // How long the platform itself refuses a second arrival of the same key, counted from the first: within it
  // an item that is found absent may be sent again (rule 10). 0: not at all; kForEver: for good. More than 0
  // only where that was measured or is documented.
  static constexpr base::Duration kForEver = base::Duration::max();
  virtual base::Duration refuses_second_arrival() const = 0;

  // Whether a post can answer another (Post::reply_to), so that a thread of them can be made.
  virtual bool threads() const { return false; }

  // Throws UserError("invalid_destination" | "invalid_credentials") if a connection cannot be made of these.
  virtual void check(const std::string& destination, const Credentials& credentials) const = 0;

  // Pure: how the text will stand on the platform: with the URL where the platform wants it, shortened where
  // it is too long, counted as the platform counts. For previews; render() sends the same.
  virtual Fitted fit(const Post& post, const Account& account) const;

  // Pure: which images it takes with a post of this account. The default: none.
  virtual ImageRules image_rules(const Account& account) const;

  // Pure: the same arguments give the same bytes. `key` is the item's idempotency key; the time that it
  // begins with (base::time_of) is before anything of it can have been sent. Throws
  // UserError("invalid_text" | "invalid_image").
  virtual Rendered render(const Post& post, const Account& account, const std::string& key) const = 0;

  // Between render() and the gate: what must be there before the post, is repeatable and seen by nobody
  // (images, a container). Answers what is to be sent instead of `rendered`, or a certain failure. Never
  // throws for what the network or the platform does. The default needs nothing.
  virtual std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                                  const Credentials& credentials, const std::string& key,
                                                  base::BootTime deadline, std::stop_token stop);

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

  // Pure: the text of what render() or prepare() made, as it stands on the platform; empty where it has none.
  virtual std::string text_of(const Rendered& rendered) const;

  // Pure: the text by which look() tells this post of the account's others. Empty: it is told by what no
  // other post can have.
  virtual std::string told_by(const Rendered& rendered) const;

  // -- the life of credentials; the defaults are those of a secret that is valid until somebody changes it

  // When they end; nullopt: they do not, or nobody knows. Pure.
  virtual std::optional<base::Micros> expires_at(const Credentials& credentials) const;
  // Whether refresh() can give new ones for these, without a person. Pure.
  virtual bool refreshable(const Credentials& credentials) const;
  // Asks the platform who they are. The default: nobody can be asked, and `account` stands for itself.
  virtual Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                          std::stop_token stop);
  // Whoever calls this holds the connection's refresh alone, over all instances: refresh tokens may be
  // single-use. The default: certain failure, there is nothing to refresh.
  virtual Refreshed refresh(const Account& account, const Credentials& credentials, base::BootTime deadline,
                            std::stop_token stop);
  // Tells the platform that they are no longer wanted; best effort. The default does nothing.
  virtual void revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
                      std::stop_token stop);

  // -- letting us in (OAuth 2); the defaults are those of a platform whose credentials are typed in

  // Our client on this account's server (`target`, where there is more than one). May ask it: Mastodon
  // registers a client for `redirect_uri`. Throws UserError("invalid_destination").
  virtual Authorisation authorisation(const Account& account, const std::string& redirect_uri,
                                      base::BootTime deadline, std::stop_token stop);
  // Credentials for what a person came back with: oauth::exchange(), and what this platform wants behind it.
  virtual Refreshed exchange(const oauth::Client& client, const oauth::Code& code, base::BootTime deadline,
                             std::stop_token stop);
};

}  // namespace fencepost::connect
