#!/usr/bin/env bash
# Installs the implementations that the interoperability tests talk to, where apt-get can: Debian and its kin, as root.
# Quick when everything is there. What it cannot install it names; the tests say the same.
set -euo pipefail

packages=()

need() { # need <package> <command>...: the package, unless all the commands are there
  local package=$1 command
  shift
  for command in "$@"; do
    command -v "$command" >/dev/null || { packages+=("$package"); return; }
  done
}

need openssl openssl
# For the fault campaign: namespaces and what goes wrong on the links between them.
need iproute2 ip tc
need tshark tshark
need gcc cc
need libcoap3-bin coap-client-openssl coap-server-openssl
need maven mvn
need default-jdk-headless java javac
need golang-go go
[ -e /usr/include/gnutls/dtls.h ] || packages+=(libgnutls28-dev)
[ -e /usr/include/mbedtls/ssl.h ] || packages+=(libmbedtls-dev)
# For the bench: the limit is a program in C on libssl.
[ -e /usr/include/openssl/ssl.h ] || packages+=(libssl-dev)
[ -e /usr/include/stdio.h ] || packages+=(libc6-dev)

if [ ${#packages[@]} -gt 0 ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "not there, and not installed, for that needs apt-get and root: ${packages[*]}"
  fi
fi

if command -v go >/dev/null; then
  version=$(go env GOVERSION)
  minor=${version#go1.}
  minor=${minor%%[.a-z]*}
  # From 1.21 on, Go gets the version that go.mod asks for by itself.
  if [ "${minor:-0}" -lt 21 ]; then echo "Go is too old for pion/dtls: $version. Get 1.24 or later from https://go.dev/dl."; fi
fi
