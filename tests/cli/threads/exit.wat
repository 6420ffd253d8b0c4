;; A thread that exits ends the whole program: one that waits on memory, one that computes, one that sleeps.
;; RUN: run --tier %tier %
;; EXIT: 7
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  ;; Sleep an hour: a subscription to the monotonic clock.
  (func $sleep
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const 3_600_000_000_000))
    (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192))))
  (func (export "wasi_thread_start") (param $id i32) (param $role i32)
    (block $exits
      (block $sleeps
        (block $computes
          (br_table $computes $sleeps $exits (local.get $role)))
        (loop $forever (br $forever)))
      (call $sleep)
      unreachable)
    ;; Long enough for the others to be where they stay.
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const 50_000_000)))
    (call $exit (i32.const 7))
    unreachable)
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (drop (call $spawn (i32.const 2)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    unreachable))
