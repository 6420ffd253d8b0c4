;; Five threads grow one memory page by page until it is refused: the limit counts the memory once, and none of them passes it.
;; RUN: run --tier %tier --max-memory 16MiB %
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 1 4096 shared))
  (export "memory" (memory 0))
  (func $grow
    (loop $again
      (br_if $again (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
    ;; What was granted can be used to its last byte.
    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 1))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "wasi_thread_start") (param $id i32) (param i32)
    (call $grow))
  (func (export "_start") (local $n i32)
    (loop $again
      (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
    (call $grow)
    (loop $wait
      (local.set $n (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $n) (i32.const 5))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $n) (i64.const -1)))
          (br $wait))))
    ;; 16 MiB are 256 pages.
    (if (i32.ne (memory.size) (i32.const 256)) (then unreachable))))
