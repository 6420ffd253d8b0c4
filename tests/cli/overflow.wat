;; Recursion without end is a trap, and the backtrace does not fill the screen.
;; RUN: run --tier %tier %
;; EXIT: 134
;; LINES: 1
(module
  (func $deeper (param i32) (result i32)
    (i32.add (i32.const 1) (call $deeper (local.get 0))))
  (func (export "_start") (drop (call $deeper (i32.const 0)))))
