;; RUN: wat2wasm % -o %tmp/a.wasm
;; EXIT: 1
;; RUN[unchecked]: wat2wasm --no-check % -o %tmp/a.wasm && wasm2wat %tmp/a.wasm
;; RUN[binary]: wat2wasm --no-check % -o %tmp/a.wasm && wat2wasm %tmp/a.wasm -o %tmp/b.wasm
;; EXIT[binary]: 1
(module
  (func (result i32)
    i64.const 1
    nop
    i32.eqz
    nop))
