;; A start function may trap, as any other.
;; RUN: run --tier %tier %
;; EXIT: 134
(module
  (func $start unreachable)
  (start $start))
