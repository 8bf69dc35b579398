#include "http/access.hpp"

namespace fencepost::http {

std::string describe(const Access& access) {
  if (access.open) return "anyone";
  std::string who = access.least == Role::member ? "signed in" : std::string(accounts::name(access.least));
  if (access.thing == Thing::announcement || access.relation == Relation::self) who += ", or whose it is";
  if (access.relation == Relation::admin) who += ", or admin of the show";
  if (access.thing == Thing::channel || access.thing == Thing::upload)
    who += ", or named by the channel";
  else if (access.relation == Relation::host)
    who += ", or host of the show";
  return who + "; scope " + std::string(accounts::name(access.scope));
}

}  // namespace fencepost::http
