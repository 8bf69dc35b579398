#pragma once
// Who may use a route: one rule a route, checked by the dispatcher before its handler runs. Plain values.
//
// A rule lets in whoever has a role in the instance, or else whoever is enough to the one thing that the path
// names. Refusals: nobody is signed in, 401; the token is not for that, 403 insufficient_scope (before any
// look at the thing); the role is too low, 403; the thing is none of theirs, 404, as if it were not there:
// who has nothing to do with a thing does not learn that it exists.

#include <string>

#include "accounts/principal.hpp"

namespace fencepost::http {

using accounts::Role;
using accounts::Scope;

// What a path can name, and what somebody can be to it; each relation includes those before it.
enum class Thing {
  nothing,
  show,
  episode,
  connection,
  announcement,
  invitation,
  subscription,
  channel,
  upload,
  video
};
enum class Relation { none, host, admin, self };

// There is no default: a route without a rule does not compile.
struct Access {
  static const Access anyone;
  // Whoever is signed in. What they then see and change is their own: the handler asks for nothing else.
  static constexpr Access signed_in(Scope scope) { return Access(false, Role::member, scope); }
  static constexpr Access role(Role at_least, Scope scope) { return Access(false, at_least, scope); }
  // At least that in the show which the path's `param` names; operators in every show.
  static constexpr Access show(Relation at_least, Scope scope, const char* param = "id") {
    return Access(false, Role::operator_, scope, Thing::show, at_least, param);
  }
  // At least that to the thing which the path's {id} names: an episode is its show's, and so is an
  // announcement of it, beside its host's.
  static constexpr Access of(Thing thing, Relation at_least, Scope scope) {
    return Access(false, Role::operator_, scope, thing, at_least, "id");
  }
  // Whoever owns that thing, or has at least the role `over`.
  static constexpr Access own(Thing thing, Scope scope, Role over = Role::operator_) {
    return Access(false, over, scope, thing, Relation::self, "id");
  }

  bool open;   // for everybody, signed in or not
  Role least;  // lets in by itself
  Scope scope;
  Thing thing;  // or else `relation`, at least, to this one
  Relation relation;
  const char* param;  // which names the thing in the path

 private:
  constexpr Access(bool everybody, Role role, Scope token, Thing what = Thing::nothing,
                   Relation to = Relation::none, const char* in = "")
      : open(everybody), least(role), scope(token), thing(what), relation(to), param(in) {}
};
inline constexpr Access Access::anyone = Access(true, Role::member, Scope::read);

// "anyone", "signed in, scope read", "operator, or show admin; scope announce": for documents.
std::string describe(const Access& access);

}  // namespace fencepost::http
