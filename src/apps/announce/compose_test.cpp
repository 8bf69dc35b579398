#include "apps/announce/compose.hpp"

#include <gtest/gtest.h>

namespace fencepost::announce {
namespace {

const Facts kAll{"Pilot", "https://youtu.be/x", "7", "Bob", "Night Talk"};

TEST(Compose, PutsInWhatIsKnown) {
  EXPECT_EQ(compose("{show} #{number}: {title} with {host} {url}", kAll),
            "Night Talk #7: Pilot with Bob https://youtu.be/x");
  EXPECT_EQ(compose("{titel} { title } {} {title", kAll), "{titel} { title } {} {title");
  EXPECT_EQ(compose("", kAll), "");
}

TEST(Compose, LooksAtNothingTwice) {
  EXPECT_EQ(compose("{title}{url}", {"{url}", "{title}", "", "", ""}), "{url}{title}");
}

TEST(Compose, WhatIsNotKnownLeavesNoTrace) {
  Facts facts = kAll;
  facts.url = facts.number = "";
  EXPECT_EQ(compose("{title} {url}", facts), "Pilot");
  EXPECT_EQ(compose("{title}\n{url}", facts), "Pilot");
  EXPECT_EQ(compose("{title}\n\n{url}\n", facts), "Pilot\n\n");
  EXPECT_EQ(compose("{title} ({url}) tonight", facts), "Pilot tonight");
  EXPECT_EQ(compose("Watch {url}! Now", facts), "Watch! Now");
  EXPECT_EQ(compose("{url}\n{title}", facts), "Pilot");
  EXPECT_EQ(compose("{url} {title}", facts), "Pilot");
  EXPECT_EQ(compose("{url}", facts), "");
  EXPECT_EQ(compose("( {url} )", facts), "( )");
}

}  // namespace
}  // namespace fencepost::announce
