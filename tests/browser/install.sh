#!/bin/sh
# Put a Chromium and its driver on this machine where that is possible: on Debian, as root.
# Elsewhere say in one line how. Where CI=true a missing browser fails here and is not skipped later.
command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium for the browser tests"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
fi
command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 && exit 0
echo "No Chromium: browser tests need 'chromium' and 'chromedriver' on the PATH (Debian: apt-get install chromium chromium-driver; macOS: brew install --cask chromium && brew install chromedriver)." >&2
[ "${CI:-}" = true ] && exit 1
exit 0
