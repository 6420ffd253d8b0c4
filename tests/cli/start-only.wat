;; A start function runs, and there is nothing else to call.
;; RUN: run --tier %tier %
(module
  (func $start)
  (start $start))
