;; RUN: validate %
;; EXIT: 1
(module
  (func $f (call $g)))
