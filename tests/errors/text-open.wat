;; RUN: run %
;; EXIT: 1
(module
  (func $f
