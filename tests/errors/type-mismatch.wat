;; RUN: validate %
;; EXIT: 1
;; RUN[run]: run --tier %tier %
;; EXIT[run]: 1
(module
  (func $ok)
  (func $bad (param i64) (result i32)
    (i32.add (local.get 0) (i32.const 1))))
