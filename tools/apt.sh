#!/bin/sh
# Installs the Debian packages that the given lists name and that are missing.
set -eu
missing=""
for package in $(grep -hv '^#' "$@"); do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "make: these Debian packages are missing, install them as root:$missing" >&2
  exit 2
fi
echo "installing$missing"
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
