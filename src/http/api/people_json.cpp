#include "http/api/people_json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

using accounts::InvitationState;
using accounts::ShowRole;
using nlohmann::json;

namespace {

template <typename T, std::size_t N>
std::vector<std::string> names_of(const T (&values)[N]) {
  std::vector<std::string> names;
  for (const auto value : values) names.emplace_back(accounts::name(value));
  return names;
}

Field version_field() {
  return {.name = "version",
          .type = FieldType::integer,
          .required = true,
          .description = "grows with every edit: the ETag",
          .example = "1"};
}

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

}  // namespace

json person_json(const accounts::Person& person) {
  return {{"id", person.id},
          {"email", person.email},
          {"name", person.name},
          {"role", accounts::name(person.role)},
          {"version", person.version},
          {"created_at", base::format_utc(person.created_at)},
          {"disabled_at", time_or_null(person.disabled_at)}};
}

std::vector<Field> person_fields() {
  return {id_field(),
          {.name = "email", .required = true, .max_length = 254, .format = Format::email},
          {.name = "name", .required = true, .max_length = 100, .example = "\"Ada\""},
          {.name = "role", .required = true, .choices = role_names()},
          version_field(),
          time_field("created_at"),
          nullable(time_field("disabled_at", "since when they cannot sign in"))};
}

Response person_response(int status, const accounts::Person& person) {
  Response response = json_response(status, person_json(person));
  response.headers.set("ETag", etag_of(person.version));
  return response;
}

json invitation_json(const accounts::Invitation& invitation) {
  return {{"id", invitation.id},
          {"role", accounts::name(invitation.role)},
          {"show_id", or_null(invitation.show)},
          {"show_role", invitation.show_role ? json(accounts::name(*invitation.show_role)) : json()},
          {"note", invitation.note},
          {"inviter", or_null(invitation.inviter)},
          {"created_at", base::format_utc(invitation.created_at)},
          {"expires_at", base::format_utc(invitation.expires_at)},
          {"state", accounts::name(invitation.state)},
          {"accepted_by", or_null(invitation.accepted_by)}};
}

std::vector<Field> invitation_fields() {
  static constexpr InvitationState kStates[] = {InvitationState::open, InvitationState::accepted,
                                                InvitationState::revoked, InvitationState::expired};
  return {id_field(),
          {.name = "role", .required = true, .choices = role_names()},
          nullable(whole_field("show_id", "the show that it opens too")),
          {.name = "show_role", .required = true, .nullable = true, .choices = show_role_names()},
          {.name = "note", .required = true, .max_length = 100, .description = "for whom"},
          nullable(whole_field("inviter", "the person; null: a token of the instance")),
          time_field("created_at"),
          time_field("expires_at"),
          {.name = "state", .required = true, .choices = names_of(kStates)},
          nullable(whole_field("accepted_by", "the person that it made or let in"))};
}

std::vector<std::string> role_names() {
  static constexpr Role kRoles[] = {Role::member, Role::operator_, Role::owner};
  return names_of(kRoles);
}

std::vector<std::string> show_role_names() {
  static constexpr ShowRole kRoles[] = {ShowRole::host, ShowRole::admin};
  return names_of(kRoles);
}

std::vector<std::string> scope_names() { return names_of(accounts::kScopes); }

std::optional<Role> role_member(const Request& request, const char* name) {
  const auto word = text_member(request, name);
  return word ? accounts::role_named(*word) : std::nullopt;
}

std::optional<ShowRole> show_role_member(const Request& request, const char* name) {
  const auto word = text_member(request, name);
  return word ? accounts::show_role_named(*word) : std::nullopt;
}

std::vector<Field> new_person_fields() {
  return {name_field(true), email_field(true),
          password_field("password", "10 characters at least; a sentence is easier to keep than a word")};
}

accounts::NewPerson new_person(const Request& request) {
  return {*text_member(request, "email"), *text_member(request, "name"),
          base::Secret(*text_member(request, "password"))};
}

Field email_field(bool required) {
  return {.name = "email", .required = required, .max_length = 254, .format = Format::email};
}

Field name_field(bool required) {
  return {.name = "name",
          .required = required,
          .max_length = 100,
          .description = "as others see it",
          .example = "\"Ada\"",
          .min_length = 1};
}

Field password_field(const char* name, const char* description) {
  return {.name = name,
          .required = true,
          .max_length = 1024,
          .description = description,
          .example = "\"correct horse battery\""};
}

}  // namespace fencepost::http
