;; Components have sections too, and modules in them are shown behind them.
;; RUN: objdump %
;; RUN[code]: objdump -d %
;; RUN[bytes]: objdump --bytes %
(component
  (import "wasi:cli/stdin@0.2.0" (instance (export "read" (func (result u32)))))
  (core module $m (func $one (export "one") (result i32) i32.const 1))
  (core instance $i (instantiate $m))
  (func (export "one") (result u32) (canon lift (core func $i "one"))))
