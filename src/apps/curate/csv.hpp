#pragma once
// CSV (RFC 4180), as people's programs write it. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace fencepost::curate {

struct CsvRow {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
  std::string error;  // empty: it could be read
};

// Separated by commas, or by semicolons or tabs where the first line has more of those. Quoted fields may
// hold separators, line breaks and doubled quotes. LF, CRLF or CR; a byte order mark is dropped; empty lines
// too. A broken row is one row with its error, and the next line begins anew.
std::vector<CsvRow> parse_csv(std::string_view text);

}  // namespace fencepost::curate
