#pragma once
// Whether X has a post: by reading what the account posted since its key was made.
// https://docs.x.com/x-api/users/get-posts

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/x/api.hpp"

namespace fencepost::connect::x {

// Looks for `post` (as it was sent) among the posts of `user` that are not older than `key`. X has put short
// links and HTML's entities into the text that it gives: both are taken back before texts are compared.
// `remote_url` stays empty.
Look find(const Api& api, const std::string& user, const nlohmann::json& post, const std::string& key,
          const Call& call);

// The text of a post that X lists, as its author wrote it; for tests.
std::string written(const nlohmann::json& listed);

}  // namespace fencepost::connect::x
