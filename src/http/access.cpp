#include "http/access.hpp"

namespace fencepost::http {

std::string describe(const Access& access) {
  if (access.open) return "anyone";
  std::string who = access.least == Role::member ? "signed in" : std::string(accounts::name(access.least));
  if (access.thing == Thing::show)
    who += access.relation == Relation::admin ? ", or admin of the show" : ", or host of the show";
  else if (access.thing != Thing::nothing)
    who += ", or whose it is";
  return who + "; scope " + std::string(accounts::name(access.scope));
}

}  // namespace fencepost::http
