;; What a component asks and offers are interfaces.
;; RUN: inspect %
;; RUN[json]: inspect --json %
(component
  (import "wasi:filesystem/types@0.2.0" (instance))
  (import "wasi:cli/stdout@0.2.0" (instance))
  (import "acme:shop/prices@1.0.0" (instance))
  (core module $m (func $one (export "one") (result i32) i32.const 1))
  (core instance $i (instantiate $m))
  (func $one (export "one") (result u32) (canon lift (core func $i "one")))
  (instance $run (export "run" (func $one)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
