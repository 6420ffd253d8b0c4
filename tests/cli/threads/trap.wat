;; A thread that traps ends the whole program, and the report is of that thread. A time that is over ends all threads too.
;; RUN: run --tier %tier %
;; EXIT: 134
;; LINES: 1
;; RUN[timeout]: run --tier %tier --timeout 100ms --invoke wait %
;; EXIT[timeout]: 134
;; LINES[timeout]: 1
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  (func $fails (param i32)
    (if (local.get 0) (then unreachable))
    (loop $forever (br $forever)))
  (func (export "wasi_thread_start") (param $id i32) (param $fails i32)
    (call $fails (local.get $fails)))
  (func (export "_start")
    (drop (call $spawn (i32.const 1)))
    (loop $forever (br $forever)))
  (func (export "wait")
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
