;; A load that is cut and extended again becomes one load.
;; RUN: opt % -O2 -S
(module
  (memory i64 1)
  (func (export "cut") (param i64) (result i64)
    (i64.extend_i32_u (i32.wrap_i64 (i64.load32_s (local.get 0))))))
