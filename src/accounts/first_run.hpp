#pragma once
// The first-run link: whoever can read what the server prints at its first start becomes the first owner.
//
// Every process that starts while there is no owner has a code of its own, and each of them works until one
// is used: an operator who looks at any terminal has a link that works, and a new start prints a new one. The
// newest 16 are kept. The first one to be used makes the owner; the database lets in no second (a unique
// index), and from then on no code works, for ever.

#include <optional>
#include <string>

#include "accounts/invitations.hpp"

namespace fencepost::accounts {

// A new code ("fpf_" and 43 characters); nullopt where there is an owner, or was one. Throws InfraError; in
// doubt: ask again.
std::optional<base::Secret> first_run_code(store::Connection& connection);
// joined: he is the owner. not_open: no such code, or there is an owner. email_taken: somebody was invited by
// a token of the instance, and has this address. Throws as accept_invitation() does.
Accepted use_first_run_code(store::Database& database, const Passwords& passwords, const std::string& code,
                            const NewPerson& person);

}  // namespace fencepost::accounts
