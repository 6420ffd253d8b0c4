;; A memory of four GiB where far less is allowed.
;; RUN: run --tier %tier --max-memory 1MiB %
;; EXIT: 1
(module
  (memory 65536)
  (func (export "_start")))
