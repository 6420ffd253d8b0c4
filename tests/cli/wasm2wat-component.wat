;; RUN: wat2wasm % -o %tmp/a.wasm && validate %tmp/a.wasm && wasm2wat -f %tmp/a.wasm
;; RUN[bad]: validate --features -all %
;; EXIT[bad]: 1
(component
  (core module $m
    (func (export "f") (param i32) (result i32) (i32.extend8_s (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s32) (result s32) (canon lift (core func $i "f"))))
