#pragma once
// What stands against adoption: adopt.cpp's own half, in the order of its calls.

#include <optional>
#include <string>
#include <vector>

#include "store/adopt.hpp"

namespace fencepost::store {

// Finds the table and completes the descriptor; what is wrong with either goes into the plan.
std::optional<Table> survey_for(Connection& connection, const AdoptRequest& request, AdoptPlan& plan);

// Counts the status words and tries those that the queue would write.
void check_words(Connection& connection, const AdoptRequest& request, const Table& table, const Fence& fence,
                 AdoptPlan& plan);

// All words that may stand in the table: the queue's and those that are left alone.
std::vector<std::string> adopt_words(const Descriptor& descriptor);
bool is_known(const Descriptor& descriptor, const std::string& word);
// A text as JSON.
std::string json_text(const std::string& text);

}  // namespace fencepost::store
