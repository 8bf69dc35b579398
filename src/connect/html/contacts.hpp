#pragma once
// E-mail addresses, telephone numbers and profiles, as people write them on pages. Internal to read_page();
// pure and thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/html/page.hpp"

namespace fencepost::connect {

// An address in its stored form; nothing where it is none, or the name of a picture (logo@2x.png).
std::optional<std::string> normal_email(std::string_view local, std::string_view host);

// All addresses of a text without markup, in its order, may be repeated. Sees through "[at]", "(at)", "{at}",
// "[dot]" and the likes, and through "info at example dot com".
std::vector<Email> emails_in(std::string_view text);
// Of a link's target behind "mailto:": several, escapes, a subject.
std::vector<Email> emails_of_link(std::string_view target);
// Cloudflare's way to hide one from machines: hex, each byte XORed with the first.
std::optional<Email> email_of_cipher(std::string_view hex);

// All plausible telephone numbers of a text, in its order: with a country code; or with a trunk 0 or in the
// American groups of 3-3-4, and separators; or behind a word such as "Tel.". Not faxes, dates, or parts of
// longer numbers.
std::vector<Phone> phones_in(std::string_view text);
// Of a link's target behind "tel:".
std::optional<Phone> phone_of_link(std::string_view target);

// The profile that an absolute URL leads to; nothing for a share button, a single post, or another site.
std::optional<Social> social_of(std::string_view url);

// %XX undone; what is not an escape stays.
std::string unescaped(std::string_view text);

}  // namespace fencepost::connect
