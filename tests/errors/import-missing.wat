;; RUN: run --tier %tier %
;; EXIT: 1
(module
  (import "env" "print" (func (param i32) (result i64)))
  (func (export "_start")))
