;; RUN: validate %
;; EXIT: 1
(module
  (func $f (param i32)
    (i32.ad (local.get 0) (i32.const 1))))
