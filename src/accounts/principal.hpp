#pragma once
// Who asks, and how far that goes: instance roles, show roles, scopes of tokens. Values; no I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fencepost::accounts {

// Of the whole instance, each with all that the one before may do. member: what is his own, and his shows.
// operator_: every show, queue and connection, and people up to operator. owner: everything.
enum class Role { member, operator_, owner };
// Of one show. host: its episodes and announcements. admin: its name and its members too.
// Operators and owners count as admin of every show.
enum class ShowRole { host, admin };

std::string_view name(Role role);  // "member", "operator", "owner"
std::string_view name(ShowRole role);
// nullopt: no such word.
std::optional<Role> role_named(std::string_view word);
std::optional<ShowRole> show_role_named(std::string_view word);

// What a token may be used for; a session may do all of it. A scope opens a kind of route, and the role of
// the token's person, as it is at that moment, decides what of it: a token never has more than its person.
//   read      everything that can be looked at
//   announce  shows, episodes, announcements, and the connections that they go out over
//   upload    channels, uploads, quotas
//   curate    places, businesses, domains, sitemaps, pages
//   queues    items of any queue: pause, resume, retry, stop (an operator's)
//   admin     people, invitations, tokens, settings (an operator's)
// No scope holds another one, but for `admin`, which holds them all.
enum class Scope { read, announce, upload, curate, queues, admin };
inline constexpr Scope kScopes[] = {Scope::read,   Scope::announce, Scope::upload,
                                    Scope::curate, Scope::queues,   Scope::admin};

std::string_view name(Scope scope);
std::optional<Scope> scope_named(std::string_view word);
// The least role of a person who may make a token with it.
Role least_role(Scope scope);

// A set of scopes. Immutable in effect; copied like a number.
class Scopes {
 public:
  constexpr Scopes() = default;
  static constexpr Scopes of(Scope scope) { return Scopes(1U << static_cast<unsigned>(scope)); }
  static constexpr Scopes all() { return Scopes((1U << std::size(kScopes)) - 1); }
  // Words with blanks between them, as they are stored. Words that this version does not know give nothing.
  static Scopes stored(std::string_view words);
  // Throws UserError("invalid_scope") for a word that is none, and where there is not one.
  static Scopes named(const std::vector<std::string>& words);

  constexpr bool has(Scope scope) const { return (bits_ & (of(scope).bits_ | of(Scope::admin).bits_)) != 0; }
  // Whether all that `other` opens is open here too.
  bool covers(Scopes other) const;
  constexpr Scopes with(Scope scope) const { return Scopes(bits_ | of(scope).bits_); }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<std::string> words() const;
  std::string text() const;
  constexpr bool operator==(const Scopes&) const = default;

 private:
  constexpr explicit Scopes(unsigned bits) : bits_(bits) {}
  unsigned bits_ = 0;
};

// Whoever a token or a session speaks for.
struct Principal {
  std::int64_t token_id = 0;             // 0: asks by a session
  std::string name{};                    // the actor of what is done, in histories
  std::optional<std::int64_t> person{};  // nullopt: a token of the instance itself, with an owner's rights
  Role role = Role::owner;               // as it was when the request came
  Scopes scopes = Scopes::all();
  std::int64_t session_id = 0;  // 0: asks by a token

  bool at_least(Role least) const { return role >= least; }
  // Names the account over all its tokens and sessions, for idempotency keys and rate limits: a person's id
  // below zero, or the id of a token of the instance itself.
  std::int64_t account() const { return person ? -*person : token_id; }
};

}  // namespace fencepost::accounts
