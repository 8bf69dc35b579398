#include "cli/progress.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "base/error.hpp"

namespace fencepost::cli {
namespace {

using Unit = LongWork::Unit;

TEST(Progress, SaysHowFarItHasCome) {
  EXPECT_EQ(progress_text(0, 4, Unit::steps, 4), "[    ]   0 %  0 of 4");
  EXPECT_EQ(progress_text(2, 4, Unit::steps, 4), "[##  ]  50 %  2 of 4");
  EXPECT_EQ(progress_text(4, 4, Unit::steps, 4), "[####] 100 %  4 of 4");
  EXPECT_EQ(progress_text(9, 4, Unit::steps, 4), "[####] 100 %  9 of 4");
  EXPECT_EQ(progress_text(3 << 19, 3 << 20, Unit::bytes, 2), "[# ]  50 %  1.5 of 3.0 MiB");
}

TEST(Progress, WhereNobodyKnowsTheEndSaysWhatWasDone) {
  EXPECT_EQ(progress_text(0, 0, Unit::bytes), "");
  EXPECT_EQ(progress_text(1 << 20, 0, Unit::bytes), "1.0 MiB");
  EXPECT_EQ(progress_text(3, 0, Unit::steps), "3");
}

TEST(Progress, ASignalEndsTheWorkAtItsNextStep) {
  LongWork work("testing", Unit::steps);
  work.at(1, 3);
  raise(SIGTERM);
  EXPECT_THROW(work.at(2, 3), base::UserError);
  work.at(3, 3);
}

}  // namespace
}  // namespace fencepost::cli
