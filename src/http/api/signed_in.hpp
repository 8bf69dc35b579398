#pragma once
// What everything has in common that ends with a new session. Inside api/ only; sessions.cpp.

#include <vector>

#include "accounts/invitations.hpp"
#include "accounts/sessions.hpp"
#include "http/api/api.hpp"

namespace fencepost::http {

accounts::Client client_of(const Request& request);
// 201 with the cookie; 401 where the person was removed since.
Response signed_in(Services& services, const Request& request, const accounts::NewSession& session);
// Signs in whoever a link has made a person, or says why it did not.
Response joined(Services& services, const Request& request, const accounts::Accepted& accepted);
// 429.
Response locked_out(const Request& request, base::Duration wait);
// `maybe`: a token has no session.
std::vector<Field> signed_in_fields(bool maybe);

}  // namespace fencepost::http
