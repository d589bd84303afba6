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
# Mbed TLS 3 is built below.
mbedtls3=/opt/mbedtls-3
if [ ! -e "$mbedtls3" ]; then
  need make make
  need dpkg-dev dpkg-source
  need bzip2 bzip2
fi
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

# Debian 12 has Mbed TLS 2 only, whose package has no connection IDs. Version 3 is made of the source package of Debian 13, from the
# mirror that the system uses and with its keys, and put beside what the system has. Nothing else of the system changes.
build_mbedtls3() { # build_mbedtls3 <folder>
  local folder=$1 made options
  made=$folder/made
  options=(-o "Dir::Etc::SourceList=$folder/debian-13.sources" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$folder/lists"
    -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$made/lib"
  printf 'Types: deb-src\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$(debian_mirror)" \
    /usr/share/keyrings/debian-archive-keyring.gpg >"$folder/debian-13.sources"
  cd "$folder"
  apt-get update "${options[@]}"
  apt-get source "${options[@]}" mbedtls
  cd mbedtls-3.*/
  make -j"$(nproc)" lib
  cp -r include "$made"
  cp library/*.a "$made/lib"
}

debian_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 !~ /-/ { print $3; exit }'
}

if [ ! -e "$mbedtls3" ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && [ -n "$(debian_mirror)" ]; then
    echo "building Mbed TLS 3 in $mbedtls3"
    work=$(mktemp -d)
    # Not in a condition, where the first failure would not end it.
    set +e
    (set -e; build_mbedtls3 "$work") >"$work/log" 2>&1
    status=$?
    set -e
    [ "$status" = 0 ] || { tail -30 "$work/log"; exit 1; }
    mv "$work/made" "$mbedtls3"
    rm -rf "$work"
  else
    echo 'not there, and not built, for that needs Debian and root: Mbed TLS 3'
  fi
fi

if command -v go >/dev/null; then
  version=$(go env GOVERSION)
  minor=${version#go1.}
  minor=${minor%%[.a-z]*}
  # From 1.21 on, Go gets the version that go.mod asks for by itself.
  if [ "${minor:-0}" -lt 21 ]; then echo "Go is too old for pion/dtls: $version. Get 1.24 or later from https://go.dev/dl."; fi
fi
