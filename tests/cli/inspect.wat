;; What a program is and can do.
;; RUN: inspect %
;; RUN[all]: inspect --all %
;; RUN[json]: inspect --json %
(module $tool
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "host" "secret" (func (param i64)))
  (memory (export "memory") 2 10)
  (global (export "depth") (mut i32) (i32.const 0))
  (data (i32.const 8) "hello")
  (func $_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE)
  (func (export "_start") (v128.const i64x2 0 0) drop)
  (func (export "add") (param i32 i64) (result i32 i64) (return_call 7 (i32.const 0) (i64.const 1)))
  (@producers
    (language "Rust" "2021")
    (processed-by "rustc" "1.95.0")))
