#pragma once
// People, shows and invitations as the API shows them. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "accounts/invitations.hpp"
#include "accounts/people.hpp"
#include "accounts/shows.hpp"
#include "http/api/api.hpp"

namespace fencepost::http {

nlohmann::json person_json(const accounts::Person& person);
std::vector<Field> person_fields();
Response person_response(int status, const accounts::Person& person);  // with its ETag

nlohmann::json invitation_json(const accounts::Invitation& invitation);
std::vector<Field> invitation_fields();

// The words of a closed list, as the choices of a field.
std::vector<std::string> role_names();
std::vector<std::string> show_role_names();
std::vector<std::string> scope_names();

// The members of a body, where they are given and not null; the check has let only known words through.
std::optional<accounts::Role> role_member(const Request& request, const char* name);
std::optional<accounts::ShowRole> show_role_member(const Request& request, const char* name);

// Changes a person whose version the request's If-Match names (users.cpp).
Response edited(Services& services, const Request& request, std::int64_t id,
                const accounts::PersonEdit& change);

// What people type who become one: name, e-mail, password.
std::vector<Field> new_person_fields();
accounts::NewPerson new_person(const Request& request);
Field email_field(bool required);
Field name_field(bool required);
Field password_field(const char* name, const char* description);

}  // namespace fencepost::http
