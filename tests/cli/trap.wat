;; A trap says what, and where: function names and lines of this file.
;; RUN: run --tier %tier %
;; EXIT: 134
;; RUN[stdin]: run --tier %tier -
;; EXIT[stdin]: 134
;; STDIN[stdin]: %
;; RUN[invoke]: run --tier %tier --invoke load % 0x10000
;; EXIT[invoke]: 134
(module
  (memory (export "memory") 1)
  (func $divide (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func $outer
    (drop (call $divide (i32.const 1) (i32.const 0))))
  (func (export "load") (param i32) (result i32)
    (i32.load (local.get 0)))
  (func (export "_start")
    (call $outer)))
