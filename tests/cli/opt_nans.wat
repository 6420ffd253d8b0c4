;; What is computed of NaNs is the canonical one, as the deterministic profile has it; signs and bits that are only carried stay.
;; RUN: opt % -O2 -S
(module
  (func (export "nearest") (result i64)
    (i64.reinterpret_f64 (f64.nearest (f64.const -nan:0xffffdffffffff))))
  (func (export "sub") (result i32)
    (i32.reinterpret_f32 (f32.sub (f32.const inf) (f32.const inf))))
  (func (export "neg") (result i64)
    (i64.reinterpret_f64 (f64.neg (f64.const nan:0xffffdffffffff)))))
