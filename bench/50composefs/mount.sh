#!/bin/sh
# SPDX-License-Identifier: MIT
# The store, and the image that the kernel command line names on top of it.
digest=$(getarg composefs=)
store=/run/composefs-store
objects=$store/composefs/objects
first=${digest%"${digest#??}"}
modprobe -abq sha256-ssse3 erofs overlay loop
mkdir -p "$store"
mount -t ext4 -o ro LABEL=rootwright "$store" &&
	mount.composefs -o "basedir=$objects,digest=$digest,verity,ro" \
		"$objects/$first/${digest#??}" "$NEWROOT"
