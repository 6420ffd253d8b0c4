;; RUN: wat2wasm %
;; EXIT: 1
(module
  (func $first
    (drop (i32.const 1))
  (func $second
    (nop))
