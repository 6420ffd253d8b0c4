#!/bin/sh
# Whether a module exports `first` and has the two bytes of `i32.trunc_sat_f64_u`.
grep -q first "$1" && od -An -v -tx1 "$1" | tr -d "\n" | grep -q ' fc 03'
