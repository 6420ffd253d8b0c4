;; A module without a program: what there is to call is listed; a start function alone is enough.
;; RUN: run %
;; EXIT: 1
(module
  (func (export "area") (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1)))
  (func (export "edge") (param i32) (result i32) (local.get 0)))
