#pragma once
// Shows, as far as they are shared by all applications: identity and membership. A show that has an admin
// always has one: the last one is neither removed nor demoted.
//
// All throw InfraError, are one transaction or a part of the caller's, and may be repeated.

#include <optional>
#include <string>
#include <vector>

#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct Show {
  std::int64_t id = 0;
  std::string name;
  std::string slug;  // unique: 1 to 60 of a–z, 0–9 and single hyphens between them
  std::int64_t version = 0;
  base::Micros created_at = 0;
};

struct Member {
  std::int64_t person = 0;
  std::string email, name;
  ShowRole role = ShowRole::host;
  base::Micros since = 0;
  bool disabled = false;
};

enum class ShowAnswer { done, stale, not_found, duplicate_slug };
struct ShowResult {
  ShowAnswer answer = ShowAnswer::not_found;
  std::optional<Show> show{};  // done, stale: as it is now
};

// `admin`: the person who makes it, and becomes its admin; nullopt: the instance itself. done,
// duplicate_slug, or not_found: there is no such person (any more). Throws UserError: invalid_name,
// invalid_slug.
ShowResult create_show(store::Connection& connection, const std::string& name, const std::string& slug,
                       std::optional<std::int64_t> admin);
std::optional<Show> get_show(store::Connection& connection, std::int64_t id);
// By id, behind `after`; of a person: those that he is a member of.
std::vector<Show> list_shows(store::Connection& connection, std::optional<std::int64_t> person,
                             std::int64_t after, int limit);
// nullopt: that stays; `version` nullopt: whatever it is now.
ShowResult edit_show(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version,
                     const std::optional<std::string>& name, const std::optional<std::string>& slug);
// With its memberships and invitations.
ShowResult remove_show(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version);

// What somebody is in a show; nullopt: nothing, or there is no such show. Operators and owners: admin.
std::optional<ShowRole> show_role(store::Connection& connection, const Principal& who, std::int64_t show);

// last_admin: nothing was changed. An admin who is disabled does not count.
enum class MemberAnswer { done, last_admin, no_show, no_person };
// Makes somebody a member, or changes what he is. Who is no longer an admin loses his open invitations to it.
MemberAnswer set_member(store::Connection& connection, std::int64_t show, std::int64_t person, ShowRole role);
// no_person: was none. The same for invitations.
MemberAnswer remove_member(store::Connection& connection, std::int64_t show, std::int64_t person);
// Of each of these people the shows that he is a member of: (person, show), in no order. One statement.
std::vector<std::pair<std::int64_t, std::int64_t>> memberships_of(store::Connection& connection,
                                                                  const std::vector<store::Params>& people);
// By the person's id, behind `after`.
std::vector<Member> list_members(store::Connection& connection, std::int64_t show, std::int64_t after,
                                 int limit);

}  // namespace fencepost::accounts
