#include "accounts/shows.hpp"

#include <algorithm>

#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "accounts/unique.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kLongestSlug = 60;

Show show_of(const store::Row& row) {
  return {row[0].integer(), row[1].text(), row[2].text(), row[3].integer(), row[4].integer()};
}

void check_slug(const std::string& slug) {
  const bool letters = std::all_of(slug.begin(), slug.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (slug.empty() || slug.size() > kLongestSlug || !letters || slug.front() == '-' || slug.back() == '-' ||
      slug.find("--") != std::string::npos)
    throw base::UserError("invalid_slug",
                          "a slug has 1 to 60 of a-z, 0-9 and single hyphens between them: \"morning-show\"");
}

std::optional<Show> only(const store::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return show_of(rows[0]);
}

// Whether `person` is the one admin of a show who can act as such. Under the show's lock.
bool is_last_admin(store::Connection& connection, std::int64_t show, std::int64_t person) {
  const auto role = connection.run(sql::role_in_show, {show, person});
  return !role.empty() && role[0][0].text() == name(ShowRole::admin) &&
         connection.run(sql::other_admins, {show, person}).empty();
}

}  // namespace

ShowResult create_show(store::Connection& connection, const std::string& name, const std::string& slug,
                       std::optional<std::int64_t> admin) {
  check_name(name);
  check_slug(slug);
  store::Transaction transaction(connection);
  if (admin && connection.run(sql::share_person, {*admin}).empty()) return {};
  const auto rows = connection.run(sql::add_show, {name, slug});
  if (rows.empty()) return {ShowAnswer::duplicate_slug};
  auto show = show_of(rows[0]);
  if (admin) connection.run(sql::set_member, {show.id, *admin, accounts::name(ShowRole::admin)});
  transaction.commit();
  return {ShowAnswer::done, std::move(show)};
}

std::optional<Show> get_show(store::Connection& connection, std::int64_t id) {
  return only(connection.run(sql::show, {id}));
}

std::vector<Show> list_shows(store::Connection& connection, std::optional<std::int64_t> person,
                             std::int64_t after, int limit) {
  std::vector<Show> shows;
  const auto rows = person ? connection.run(sql::shows_page_of, {after, limit, *person})
                           : connection.run(sql::shows_page, {after, limit});
  for (const auto& row : rows) shows.push_back(show_of(row));
  return shows;
}

ShowResult edit_show(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version,
                     const std::optional<std::string>& name, const std::optional<std::string>& slug) {
  if (name) check_name(*name);
  if (slug) check_slug(*slug);
  store::Transaction transaction(connection);
  const auto show = only(connection.run(sql::lock_show, {id}));
  if (!show) return {};
  if (version && *version != show->version) return {ShowAnswer::stale, show};
  if (slug && !connection.run(sql::slug_is_others, {*slug, id}).empty()) return {ShowAnswer::duplicate_slug};
  const auto rows = unless_unique_race([&] {
    return connection.run(sql::write_show, {id, name.value_or(show->name), slug.value_or(show->slug)});
  });
  transaction.commit();
  return {ShowAnswer::done, show_of(rows[0])};
}

ShowResult remove_show(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version) {
  store::Transaction transaction(connection);
  const auto show = only(connection.run(sql::lock_show_to_delete, {id}));
  if (!show) return {};
  if (version && *version != show->version) return {ShowAnswer::stale, show};
  connection.run(sql::delete_show, {id});
  transaction.commit();
  return {ShowAnswer::done, show};
}

std::optional<ShowRole> show_role(store::Connection& connection, const Principal& who, std::int64_t show) {
  if (who.at_least(Role::operator_)) {
    if (!get_show(connection, show)) return std::nullopt;
    return ShowRole::admin;
  }
  if (!who.person) return std::nullopt;
  const auto rows = connection.run(sql::role_in_show, {show, *who.person});
  return rows.empty() ? std::nullopt : show_role_named(rows[0][0].text());
}

std::vector<std::pair<std::int64_t, std::int64_t>> memberships_of(store::Connection& connection,
                                                                  const std::vector<store::Params>& people) {
  return store::id_pairs(connection.run_batch(sql::memberships_of, people));
}

MemberAnswer set_member(store::Connection& connection, std::int64_t show, std::int64_t person,
                        ShowRole role) {
  store::Transaction transaction(connection);
  // Removed people keep their row: only a lock on it tells that he is still there.
  const auto known = connection.run(sql::lock_person, {person});
  if (connection.run(sql::lock_show, {show}).empty()) return MemberAnswer::no_show;
  if (known.empty()) return MemberAnswer::no_person;
  if (role != ShowRole::admin) {
    if (is_last_admin(connection, show, person)) return MemberAnswer::last_admin;
    connection.run(sql::revoke_invitations_to, {show, person});
  }
  connection.run(sql::set_member, {show, person, name(role)});
  transaction.commit();
  return MemberAnswer::done;
}

MemberAnswer remove_member(store::Connection& connection, std::int64_t show, std::int64_t person) {
  store::Transaction transaction(connection);
  if (connection.run(sql::lock_show, {show}).empty()) return MemberAnswer::no_show;
  if (is_last_admin(connection, show, person)) return MemberAnswer::last_admin;
  if (connection.run(sql::remove_member, {show, person}).empty()) return MemberAnswer::no_person;
  connection.run(sql::revoke_invitations_to, {show, person});
  transaction.commit();
  return MemberAnswer::done;
}

std::vector<Member> list_members(store::Connection& connection, std::int64_t show, std::int64_t after,
                                 int limit) {
  std::vector<Member> members;
  for (const auto& row : connection.run(sql::members_page, {show, after, limit}))
    members.push_back({row[0].integer(), row[1].text(), row[2].text(),
                       show_role_named(row[3].text()).value_or(ShowRole::host), row[4].integer(),
                       row[5].boolean()});
  return members;
}

}  // namespace fencepost::accounts
