;; What nothing needs goes; steps can be named; names stay unless -Oz drops them.
;; RUN: opt % -S
;; RUN[names]: opt % -Oz -S
;; RUN[steps]: opt % --inline --reach --globals -S
;; RUN[some]: opt % --passes fold,dce -S
;; RUN[print]: opt % --passes fold,dce --print-after dce --func main
;; RUN[unknown]: opt % --passes nothing
;; EXIT[unknown]: 2
;; RUN[runs]: opt % -O3 -o %tmp/fast.wasm && run --invoke main %tmp/fast.wasm 5
(module
  (global $scale i32 (i32.const 3))
  (memory 1)
  (data (i32.const 0) "a\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00z\00\00\00\00")
  (func $unused (param i32) (result i32) local.get 0)
  (func $once (param $n i32) (param $zero i32) (result i32)
    (i32.mul (global.get $scale) (i32.load8_u (local.get $n))))
  (func $main (export "main") (param $n i32) (result i32)
    (i32.add (call $once (local.get $n) (i32.const 0)) (i32.add (i32.const 2) (i32.const 3)))))
