#pragma once
// A mail as it goes over the wire (RFC 5322, MIME). Pure.

#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace fencepost::connect::mail {

struct Mail {
  std::string to;       // a bare address, ASCII
  std::string subject;  // UTF-8; line breaks and other controls become blanks
  std::string text;     // UTF-8 with \n
  // The left side of Message-ID: [A-Za-z0-9_-]+. The same for every attempt, so that mail programs show one.
  std::string id;
  base::Micros date = 0;
};

// Whether a text can stand as an address in a header and in an SMTP command: one @, printable ASCII without
// blanks, brackets, quotes or commas, at most 254 characters.
bool is_address(std::string_view text);

// A header's text: as it is where that is printable ASCII, else in words of RFC 2047 (UTF-8, base64), each at
// most 75 characters and whole in itself. What is not UTF-8 becomes U+FFFD.
std::string encoded_words(std::string_view text);

// All lines end with CRLF and none begins a header that a text smuggled in: asserts is_address() of both
// addresses and the form of `id`; the body is base64.
std::string render(const Mail& mail, const std::string& from);

}  // namespace fencepost::connect::mail
