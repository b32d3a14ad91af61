#!/usr/bin/env bash
# Install one Debian package where that is allowed; else say in one sentence what to do.
#     scripts/system_package.sh PACKAGE "WHAT NEEDS IT"
set -euo pipefail
package=$1 purpose=$2
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "error: $purpose needs $package; install it with: sudo apt-get install $package" >&2
        exit 1
    fi
    sudo="sudo"
fi
if ! command -v apt-get >/dev/null; then
    echo "error: $purpose needs $package, and there is no apt-get here; install it as your system does." >&2
    exit 1
fi
echo "Installing $package, which $purpose needs ..."
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$package" >/dev/null
