;; RUN: run --tier %tier %
;; EXIT: 1
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32)))
  (func (export "_start")))
