;; A library is initialized before one of its functions is called.
;; RUN: run --tier %tier --invoke get %
;; RUN[plain]: run --tier %tier %
(module
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "get") (result i32) (global.get $ready)))
