;; What one thread closes is closed for the others, and a thread that sleeps in a call holds up nobody.
;; RUN: run --tier %tier %
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param $id i32) (param $fd i32)
    (if (local.get $fd)
      (then
        (i32.store (i32.const 0) (call $close (local.get $fd)))
        (i32.atomic.store (i32.const 4) (i32.const 1))
        (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
      (else
        (i32.store (i32.const 80) (i32.const 1))
        (i64.store (i32.const 88) (i64.const 3_600_000_000_000))
        (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192))))))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 50_000_000)))
    (memory.init $text (i32.const 512) (i32.const 0) (i32.const 6))
    (i32.store (i32.const 256) (i32.const 512))
    (i32.store (i32.const 260) (i32.const 6))
    (if (call $write (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 264)) (then unreachable))
    (drop (call $spawn (i32.const 1)))
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
    (if (i32.load (i32.const 0)) (then unreachable))
    ;; The error is 8, `badf`.
    (if (i32.ne (call $write (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 264)) (i32.const 8))
      (then unreachable)))
  (data $text "hello\n"))
