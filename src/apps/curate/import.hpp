#pragma once
// Places and businesses from files. What can be read is kept, what cannot is said, line by line; the same
// file twice adds nothing twice, and changes nothing of what is there.

#include <string>
#include <string_view>
#include <vector>

#include "apps/curate/kinds.hpp"
#include "store/database.hpp"

namespace fencepost::curate {

enum class ImportForm { csv, json };

struct BadLine {
  int line = 0;       // of the file, from 1; of a JSON array: the entry
  std::string error;  // what is wrong with it, and what to do
};

struct ImportReport {
  std::int64_t added = 0;
  std::int64_t present = 0;  // known before, or given twice
  std::int64_t bad = 0;
  std::vector<BadLine> bad_lines;            // the first 1,000 of them
  std::vector<std::string> ignored_columns;  // that mean nothing here
  std::int64_t read() const { return added + present + bad; }
};

// CSV with a header line, or JSON: an array of objects, or one object a line. Places: place_id, name.
// Businesses: name, website, phone, address, place_id; a name or a website is needed. `select`: new records
// begin Selected, and are queued. In steps, each repeated where its commit is in doubt; a step that cannot be
// written throws InfraError, and the file may be given again. Throws UserError("invalid_import") for what is
// no such file at all, and for kinds that cannot be imported.
ImportReport import_records(store::Database& database, Kind kind, ImportForm form, std::string_view text,
                            bool select);

}  // namespace fencepost::curate
