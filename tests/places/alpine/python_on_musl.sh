#!/usr/bin/env bash
# CPython on musl, the C library of Alpine, on a Debian machine without containers: built from Debian's sources.
#
#   bash tests/places/alpine/python_on_musl.sh FOLDER
#   MUSL_PYTHON=FOLDER/bin/python3 python -m pytest tests/places/alpine
#
# Ends with exit code 75 if apt cannot get what it needs, as without a network; another is a failure of the build.
# Needs root, for apt. It takes some minutes (4 of CPU), and leaves alone what is in the system's own list of sources.
set -euo pipefail
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
jobs=$(nproc)

unavailable() { echo "apt could not get what the build needs"; exit 75; }
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || unavailable
apt-get update -qq || unavailable
apt-get install -y -qq musl-tools gcc make >/dev/null || unavailable
cd "$build"
mkdir -p lists/partial headers hide libraries
# from where this machine's packages are, and of the same release
from=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from" >list
apt() {
  apt-get -o Dir::Etc::SourceList="$build/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::lists="$build/lists" \
    -o APT::Sandbox::User=root -qq "$@"
}
apt update || unavailable
apt source --download-only zlib libffi openssl python3.11 || unavailable
for archive in *.orig.tar.*[!c]; do tar xf "$archive"; done

# The kernel's headers are Debian's. Asked for its folder of libraries, Debian's gcc would name that of glibc.
ln -s /usr/include/linux /usr/include/asm-generic "/usr/include/$(gcc -dumpmachine)/asm" headers/
cat >cc <<SH
#!/bin/sh
case "\$*" in -print-multiarch | --print-multiarch) exit 0 ;; esac
exec musl-gcc -idirafter $build/headers -w "\$@"
SH
printf '#!/bin/sh\nexit 1\n' >hide/dpkg-architecture
chmod +x cc hide/dpkg-architecture
export CC="$build/cc" CXX=false PATH="$build/hide:$PATH" MAKEFLAGS="-s -j$jobs"
libraries="$build/libraries"
musl="$(uname -m)-linux-musl"

quietly() { "$@" >>"$build/log" 2>&1 || { tail -n 50 "$build/log"; exit 1; }; }
(cd zlib-*/ && CFLAGS=-fPIC quietly ./configure --static --prefix="$libraries" && quietly make install)
(cd libffi-*/ && quietly ./configure --host="$musl" --disable-shared --with-pic --disable-docs \
  --disable-multi-os-directory --prefix="$libraries" && quietly make install)
(cd openssl-*/ && quietly ./Configure "linux-$(uname -m)" no-shared no-tests no-engine no-afalgeng no-secure-memory -fPIC \
  --prefix="$libraries" --libdir=lib && quietly make build_libs && quietly make install_dev)
cd Python-*/
# setup.py looks into folders of the system, whose headers are glibc's.
sed -i "s#\['/usr/include'\]#['/usr/include/$musl']#; s#add_dir_to_list(.*'/usr/local/.*)#pass#" setup.py
export PKG_CONFIG_LIBDIR="$libraries/lib/pkgconfig" CPPFLAGS="-I$libraries/include" LDFLAGS="-L$libraries/lib"
quietly ./configure --build="$(uname -m)-pc-linux-musl" --prefix="$prefix" --with-openssl="$libraries" \
  --without-ensurepip --disable-test-modules
quietly make
quietly make install
"$prefix/bin/python3" -c 'import ssl, sys, sysconfig; print(sys.version.split()[0], sysconfig.get_config_var("SOABI"))'
