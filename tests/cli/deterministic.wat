;; A deterministic run has neither clocks nor randomness, unless a seed makes them the same each time.
;; RUN: run --tier %tier --deterministic --seed 7 --invoke all %
;; RUN[other]: --deterministic --seed 8 --invoke all %
;; RUN[none]: --deterministic --invoke all %
;; RUN[nan]: run --tier %tier --deterministic --invoke nan % 0 0
;; RUN[program]: --deterministic %
;; EXIT[program]: 58
;; RUN[alone]: --seed 7 %
;; EXIT[alone]: 2
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  ;; One subscription: the monotonic clock, an hour from now.
  (data (i32.const 1016) "\01")
  (data (i32.const 1024) "\00\a0\b8\30\46\03\00\00")
  ;; An error number, eight random bytes; an error number, the time since 1970; the monotonic time, before and after an hour
  ;; that passes at once.
  (func (export "all") (result i32 i64 i32 i64 i64 i32 i64)
    (call $random (i32.const 0) (i32.const 8))
    (i64.load (i32.const 0))
    (call $time (i32.const 0) (i64.const 0) (i32.const 8))
    (i64.load (i32.const 8))
    (drop (call $time (i32.const 1) (i64.const 0) (i32.const 16)))
    (i64.load (i32.const 16))
    (call $poll (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 3000))
    (drop (call $time (i32.const 1) (i64.const 0) (i32.const 16)))
    (i64.load (i32.const 16)))
  (func (export "nan") (param i32 i32) (result i32)
    (i32.reinterpret_f32 (f32.div (f32.convert_i32_s (local.get 0)) (f32.convert_i32_s (local.get 1)))))
  (func (export "_start")
    (call $exit (call $random (i32.const 0) (i32.const 8)))))
