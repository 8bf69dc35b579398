// Each guard of the notifications is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_notify_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "notify/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::notify {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
    {"subscription_lock", "GatherTest.OfTwoWhoGatherAtOnceTheSecondJoinsTheFirst", true},
    {"join_unclaimed", "GatherTest.WhatWasClaimedGrowsNoMore"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) { expect_killed(kMutants); }

TEST(Guards, OfTheNotificationsAreAllMutated) { EXPECT_EQ(marked_in(sql::all), guards_of(kMutants)); }

}  // namespace
}  // namespace fencepost::notify
