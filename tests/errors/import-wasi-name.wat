;; RUN: run %
;; EXIT: 1
(module
  (import "wasi_snapshot_preview1" "fd_wrote" (func (param i32)))
  (func (export "_start")))
