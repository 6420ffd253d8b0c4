;; A program reads a file only if a directory was granted that holds it.
;; RUN: run --tier %tier --dir .::/data %
;; RUN[ro]: run --tier %tier --dir .::/data:ro %
;; RUN[refused]: run --tier %tier %
;; EXIT[refused]: 44
;; RUN[quiet]: run --quiet %
;; EXIT[quiet]: 44
;; RUN[absent]: run --dir no/such/dir %
;; EXIT[absent]: 1
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "note.dat")
  ;; 0: the descriptor; 8: one iovec; 16: how much was read
  (func (export "_start")
    ;; Descriptor 3 is the first directory that was granted.
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 8) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))
      (then (call $exit (i32.const 44))))
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.const 4096))
    (drop (call $read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
    (i32.store (i32.const 12) (i32.load (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))
