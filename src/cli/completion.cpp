// `fencepost completion SHELL`: scripts written from the commands themselves, so that they cannot lag behind.

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {

struct Word {
  std::string text, help;
};
// One command: what may follow it.
struct Place {
  std::string path;  // "queue pause"; empty: the program itself
  std::vector<Word> commands, flags;
  std::vector<std::string> takes_value;  // flags that a value follows
  std::vector<std::string> takes_file;   // of these, those whose value is a file's name
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Place place_of(const CLI::App& app, const std::string& path) {
  Place place{path, {}, {}, {}, {}};
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    place.commands.push_back({command->get_name(), first_line(command->get_description())});
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      const auto flag = "--" + name;
      place.flags.push_back({flag, first_line(option->get_description())});
      if (option->get_type_size() == 0) continue;
      place.takes_value.push_back(flag);
      const auto type = option->get_type_name();
      if (type == "FILE" || type == "PATH") place.takes_file.push_back(flag);
    }
  }
  return place;
}

void walk(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  places.push_back(place_of(app, path));
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    walk(*command, path + (path.empty() ? "" : " ") + command->get_name(), places);
}

// For all shells: '…' with every quote outside of it.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::vector<std::string> texts(const std::vector<Word>& words) {
  std::vector<std::string> all;
  for (const auto& word : words) all.push_back(word.text);
  return all;
}

// Bash and zsh read the same `case` over the path: which words follow, and after which flag comes what. In
// zsh, `path` and `commands` are names of its own.
std::string cases(const std::vector<Place>& places) {
  std::string out = "  case $at_path in\n";
  for (const auto& place : places) {
    out += "    " + quoted(place.path) + ") at_commands=" + quoted(joined(texts(place.commands), " ")) +
           " at_flags=" + quoted(joined(texts(place.flags), " ")) +
           "\n      at_values=" + quoted(" " + joined(place.takes_value, " ") + " ") +
           " at_files=" + quoted(" " + joined(place.takes_file, " ") + " ") + " ;;\n";
  }
  return out + "  esac\n";
}

std::string bash(const std::vector<Place>& places) {
  return R"(# Completion of fencepost for bash: source <(fencepost completion bash)
_fencepost_at() {
)" + cases(places) +
         R"(}
_fencepost() {
  local at_path= at_commands= at_flags= at_values= at_files= word i skip=
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  _fencepost_at
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    if [[ $at_values == *" $word "* ]]; then skip=1; continue; fi
    if [[ " $at_commands " == *" $word "* ]]; then at_path=${at_path:+$at_path }$word; _fencepost_at; fi
  done
  COMPREPLY=()
  if [[ -n $skip ]]; then
    if [[ $at_files == *" $before "* ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi
  if [[ $current == -* || -z $at_commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$at_flags" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$at_commands" -- "$current")
  fi
}
complete -F _fencepost fencepost
)";
}

std::string zsh(const std::vector<Place>& places) {
  return R"(#compdef fencepost
# Completion of fencepost for zsh: fencepost completion zsh > "${fpath[1]}/_fencepost"
_fencepost_at() {
)" + cases(places) +
         R"(}
_fencepost() {
  local at_path= at_commands= at_flags= at_values= at_files= word skip=
  integer i
  _fencepost_at
  for ((i = 2; i < CURRENT; ++i)); do
    word=${words[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    if [[ $at_values == *" $word "* ]]; then skip=1; continue; fi
    if [[ " $at_commands " == *" $word "* ]]; then at_path="${at_path:+$at_path }$word"; _fencepost_at; fi
  done
  if [[ -n $skip ]]; then
    [[ $at_files == *" ${words[CURRENT-1]} "* ]] && _files
    return
  fi
  if [[ ${words[CURRENT]} == -* || -z $at_commands ]]; then
    compadd -- ${=at_flags}
  else
    compadd -- ${=at_commands}
  fi
}
if [[ $funcstack[1] == _fencepost ]]; then _fencepost "$@"; else compdef _fencepost fencepost; fi
)";
}

std::string fish(const std::vector<Place>& places) {
  std::string out = R"(# Completion of fencepost for fish: fencepost completion fish | source
function __fencepost_at
  set -l path
  set -l skip
  for word in (commandline -opc)[2..-1]
    if test -n "$skip"
      set skip
      continue
    end
    switch "$path|$word"
)";
  for (const auto& place : places) {
    for (const auto& flag : place.takes_value)
      out += "      case " + quoted(place.path + "|" + flag) + "\n        set skip 1\n";
    for (const auto& command : place.commands)
      out += "      case " + quoted(place.path + "|" + command.text) + "\n        set path " +
             quoted(place.path + (place.path.empty() ? "" : " ") + command.text) + "\n";
  }
  out += R"(    end
  end
  test "$path" = "$argv[1]"
end
complete -c fencepost -f
)";
  for (const auto& place : places) {
    const auto here = "complete -c fencepost -n " + quoted("__fencepost_at " + quoted(place.path));
    for (const auto& command : place.commands)
      out += here + " -a " + quoted(command.text) + " -d " + quoted(command.help) + "\n";
    for (const auto& flag : place.flags) {
      const auto in = [&](const auto& list) {
        return std::find(list.begin(), list.end(), flag.text) != list.end();
      };
      out += here + " -l " + quoted(flag.text.substr(2)) +
             (in(place.takes_file)    ? " -rF"
              : in(place.takes_value) ? " -x"
                                      : "") +
             " -d " + quoted(flag.help) + "\n";
    }
  }
  return out;
}
}  // namespace

void add_completion(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("completion", "Print a script that completes commands in a shell");
  command->footer(
      "bash: source <(fencepost completion bash), in ~/.bashrc\n"
      "zsh:  fencepost completion zsh > \"${fpath[1]}/_fencepost\"\n"
      "fish: fencepost completion fish > ~/.config/fish/completions/fencepost.fish");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &chosen, shell] {
    chosen = [&app, shell] {
      std::vector<Place> places;
      walk(app, "", places);
      print(*shell == "bash" ? bash(places) : *shell == "zsh" ? zsh(places) : fish(places));
      return 0;
    };
  });
}

}  // namespace fencepost::cli
