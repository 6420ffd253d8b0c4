;; Three thousand threads, four at once: those that have ended give up what they used. All numbers differ.
;; RUN: run --tier %tier --max-threads 4 %
;; RUN[fuel]: run --fuel 1000 %
;; EXIT[fuel]: 2
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "env" "memory" (memory 2 2 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param $id i32) (param i32)
    (if (i32.or (i32.lt_s (local.get $id) (i32.const 1)) (i32.ge_s (local.get $id) (i32.const 0x20000000)))
      (then unreachable))
    ;; Nobody has had this number: each is 1 to 3000 here.
    (if (i32.atomic.rmw.xchg offset=64 (i32.mul (local.get $id) (i32.const 4)) (i32.const 1))
      (then unreachable))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
  (func (export "_start") (local $n i32)
    (loop $again
      (if (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0))
        (then (drop (call $yield)) (br $again)))
      (br_if $again
        (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3000))))
    (loop $wait
      (if (i32.ne (i32.atomic.load (i32.const 0)) (i32.const 3000))
        (then (drop (call $yield)) (br $wait))))))
