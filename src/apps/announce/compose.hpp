#pragma once
// The words of an announcement, made of a text with placeholders. Pure.

#include <string>

namespace fencepost::announce {

// What is known when it is composed; what is not known yet is empty.
struct Facts {
  std::string title;   // of the episode
  std::string url;     // of the stream
  std::string number;  // of the episode
  std::string host;
  std::string show;
};

// {title} {url} {number} {host} {show} replaced by what is known of them; others stay as they are written.
// What is not known leaves no trace: a text that was made before the URL was known reads well without it, and
// has it where it wants it as soon as it is.
std::string compose(const std::string& text, const Facts& facts);

}  // namespace fencepost::announce
