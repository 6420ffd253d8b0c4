;; Eight threads add to one number, a thousand times each, and the first waits for all of them.
;; RUN: run --tier %tier %
;; RUN[few]: run --tier %tier --max-threads 3 %
;; EXIT[few]: 3
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  (global $sum i32 (i32.const 0))
  (global $gate i32 (i32.const 4))
  (global $done i32 (i32.const 8))
  (func (export "wasi_thread_start") (param $id i32) (param $n i32)
    ;; All threads are alive before one of them ends.
    (drop (memory.atomic.wait32 (global.get $gate) (i32.const 0) (i64.const -1)))
    (loop $again
      (drop (i32.atomic.rmw.add (global.get $sum) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (global.get $done) (i32.const 1)))
    (drop (memory.atomic.notify (global.get $done) (i32.const 1))))
  (func (export "_start") (local $threads i32) (local $done i32)
    (block $all
      (loop $again
        (br_if $all (i32.eq (local.get $threads) (i32.const 8)))
        ;; At the limit there is a negative number instead of a thread.
        (br_if $all (i32.lt_s (call $spawn (i32.const 1000)) (i32.const 0)))
        (local.set $threads (i32.add (local.get $threads) (i32.const 1)))
        (br $again)))
    (i32.atomic.store (global.get $gate) (i32.const 1))
    (drop (memory.atomic.notify (global.get $gate) (i32.const -1)))
    (loop $again
      (local.set $done (i32.atomic.load (global.get $done)))
      (if (i32.ne (local.get $done) (local.get $threads))
        (then
          (drop (memory.atomic.wait32 (global.get $done) (local.get $done) (i64.const -1)))
          (br $again))))
    (if (i32.ne (i32.atomic.load (global.get $sum)) (i32.mul (local.get $threads) (i32.const 1000)))
      (then unreachable))
    (if (i32.ne (local.get $threads) (i32.const 8))
      (then (call $exit (local.get $threads))))))
