;; A program that waits is stopped in time too, and one that waits shortly goes on.
;; RUN: run --tier %tier --timeout 50ms --invoke wait % 60000000000
;; EXIT: 134
;; LINES: 1
;; RUN[short]: run --tier %tier --timeout 1m --invoke wait % 1000000
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; 0: a subscription to the monotonic clock (witx: userdata, tag, clock, timeout, precision, flags); 64: the event
  (func (export "wait") (param $nanoseconds i64) (result i32)
    (i32.store8 (i32.const 8) (i32.const 0))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
