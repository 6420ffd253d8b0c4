#!/bin/sh
# Takes longer than anybody waits.
exec sleep 5
