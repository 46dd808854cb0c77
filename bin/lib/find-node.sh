# Sourced by the commands in bin/ with $root set: installs what changed and leaves a Node.js 24 in $node24.
# shellcheck shell=sh disable=SC2034,SC2154
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "mainspring: Node.js 20 or newer with npm is needed, and not in PATH. Get it from https://nodejs.org." >&2
  exit 1
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  echo "mainspring: Node.js 20 or newer is needed; this one is $(node --version). Get it from https://nodejs.org." >&2
  exit 1
fi
node24=$(node "$root/bin/lib/install.mjs")
