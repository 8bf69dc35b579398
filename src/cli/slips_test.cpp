// What was meant by a word that is none.

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/slips.hpp"

namespace fencepost::cli {
namespace {

std::string told(const std::string& line) {
  CLI::App app("", "fencepost");
  app.require_subcommand(1);
  auto* noun = app.add_subcommand("show", "")->require_subcommand(1);
  auto* create = noun->add_subcommand("create", "");
  std::string connection, name;
  create->add_option("--connection", connection)->required();
  create->add_option("NAME", name);
  try {
    app.parse(line);
    return "parsed";
  } catch (const CLI::ParseError& error) {
    return unknown_word(app).value_or(error.what());
  }
}

TEST(SlipsTest, AWordThatIsNoCommandIsNamedWithTheNearestOne) {
  EXPECT_EQ(told("shw"), "fencepost has no command 'shw': did you mean 'show'?");
  EXPECT_EQ(told("show craete --connection 1"),
            "fencepost show has no command 'craete': did you mean 'create'?");
  EXPECT_EQ(told("bananas"), "fencepost has no command 'bananas': see --help");
}

TEST(SlipsTest, AnUnknownOptionComesBeforeOneThatIsMissing) {
  EXPECT_EQ(told("show create --conection 1"),
            "fencepost show create has no option '--conection': did you mean '--connection'?");
  EXPECT_EQ(told("show create --conection=1"),
            "fencepost show create has no option '--conection': did you mean '--connection'?");
  EXPECT_EQ(told("show create --connection 1 --wings"),
            "fencepost show create has no option '--wings': see --help");
}

TEST(SlipsTest, OtherFailuresSpeakForThemselves) {
  EXPECT_EQ(told("show create"), "--connection is required");
  EXPECT_EQ(told("show create --connection 1 a b"), "The following argument was not expected: b");
  EXPECT_EQ(told("show create --connection 1 a"), "parsed");
}

}  // namespace
}  // namespace fencepost::cli
