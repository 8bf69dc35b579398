// Lengths and shortened texts by connect/text.hpp, for text_oracle.mjs: a JSON array [TEXT, URL] a line comes
// in, and a line {"length", "text", "fitted"} goes out, by the rules of X.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "connect/text.hpp"

int main() {
  using fencepost::connect::TextRules;
  const TextRules x{TextRules::Unit::weighted, 280, 23, true};
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto asked = nlohmann::json::parse(line);
    const auto text = asked.at(0).get<std::string>();
    const auto fitted = fencepost::connect::fit(text, asked.at(1).get<std::string>(), x);
    std::cout << nlohmann::json{{"length", fencepost::connect::measure(text, x)},
                                {"text", fitted.text},
                                {"fitted", fitted.length}}
                     .dump()
              << '\n';
  }
}
