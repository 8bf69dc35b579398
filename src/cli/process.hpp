#pragma once
// What the long-running commands share: signals, logs, outgoing addresses.

#include <csignal>
#include <string>

#include "base/log.hpp"
#include "connect/http_client.hpp"

namespace fencepost::cli {

class Settings;

// Every thread inherits the mask, so that only the main thread meets SIGTERM and SIGINT, when it asks for
// them. SIGPIPE is ignored.
sigset_t hold_signals();
// From now on a signal ends the process at once.
void release_signals(const sigset_t& set);

// As many open files as the system lets this process have: each stream of a client is one.
void raise_file_limit();

base::LogLevel level_of(const std::string& name);
// To what people name.
connect::HttpOptions outgoing(const Settings& settings);
// To what the operator's settings name: wherever that is.
connect::HttpOptions to_base_urls();

}  // namespace fencepost::cli
