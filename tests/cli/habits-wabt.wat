;; RUN: @wat2wasm % -o %tmp/a.wasm && @wasm-validate %tmp/a.wasm && @wasm2wat %tmp/a.wasm
;; RUN[names]: @wat2wasm --debug-names --enable-all % -o %tmp/a.wasm && @wasm2wat %tmp/a.wasm --inline-export --fold-exprs
;; RUN[nameless]: @/usr/bin/wat2wasm --debug-names % -o %tmp/a.wasm && @wasm2wat --no-debug-names %tmp/a.wasm -o -
;; RUN[dump]: @wat2wasm -d %
;; RUN[disabled]: @wat2wasm --disable-simd % -o %tmp/a.wasm
;; EXIT[disabled]: 1
;; RUN[relocatable]: @wat2wasm -r % -o %tmp/a.wasm
;; EXIT[relocatable]: 2
;; RUN[unknown]: @wasm2wat --frobnicate %
;; EXIT[unknown]: 2
(module
  (func $zero (export "zero") (result v128)
    v128.const i32x4 0 0 0 0))
