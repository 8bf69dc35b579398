#pragma once
// What a page gives away about what made and serves it. Internal to read_page(); pure and thread-safe.

#include <set>
#include <string>
#include <string_view>

#include "connect/http_client.hpp"

namespace fencepost::connect {

void hints_of_headers(const Headers& headers, std::set<std::string>& into);
// The content of <meta name=generator>: "WordPress 6.4.1".
void hints_of_generator(std::string_view content, std::set<std::string>& into);
// The address of a script, a style sheet or a picture.
void hints_of_resource(std::string_view address, std::set<std::string>& into);

}  // namespace fencepost::connect
