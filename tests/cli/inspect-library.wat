;; A module that only computes, with many exports.
;; RUN: inspect %
(module
  (func $f (export "a") (export "b") (export "c") (export "d") (export "e") (export "f") (export "g")
    (export "h") (param externref) (result f32) f32.const 0))
