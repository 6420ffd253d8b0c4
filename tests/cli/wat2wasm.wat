;; RUN: wat2wasm % -o %tmp/a.wasm && validate %tmp/a.wasm && run --invoke add %tmp/a.wasm 1 2 && wasm2wat %tmp/a.wasm
;; RUN[parse]: parse % --no-names -o %tmp/a.wasm && print %tmp/a.wasm --folded --indent 4
;; RUN[offsets]: wat2wasm % -o %tmp/a.wasm && wasm2wat --offsets %tmp/a.wasm
;; RUN[skeleton]: wasm2wat --skeleton %
;; RUN[named]: wasm2wat --name-unnamed --operand-stack --no-names %
;; RUN[inline]: wasm2wat --inline-imports --inline-exports -o %tmp/a.wat % && wasm2wat %tmp/a.wat --inline-exports
;; RUN[stdin]: wasm2wat --skeleton
;; STDIN[stdin]: %
;; RUN[noplace]: wasm2wat % -o %tmp/absent/a.wat
;; EXIT[noplace]: 1
(module
  (func $log (param i32))
  (memory (export "memory") 1)
  (func $add (export "add") (param $a i32) (param $b i32) (result i32)
    (i32.add (local.get $a) (local.get $b)))
  (func (export "note")
    (if (i32.load (i32.const 8))
      (then (call $log (i32.const 1)))))
  (data (i32.const 8) "\01\00"))
