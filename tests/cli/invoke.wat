;; Calling one function: arguments are read by its types, results are printed one a line.
;; RUN: run --tier %tier --invoke add % 40 2
;; RUN[hex]: run --tier %tier --invoke add % 0xffffffff -0x1
;; RUN[wide]: run --tier %tier --invoke echo % -9223372036854775808 -0.1 nan 0x0123456789abcdef
;; RUN[special]: run --tier %tier --invoke echo % 18446744073709551615 -inf nan:0x4000000000001 0x1
;; RUN[nothing]: run --tier %tier --invoke nothing %
;; RUN[refs]: run --tier %tier --invoke refs % null
;; RUN[short]: --invoke add % 40 2
;; RUN[unknown]: run --invoke sub % 1 2
;; EXIT[unknown]: 1
;; RUN[few]: run --invoke add % 1
;; EXIT[few]: 2
;; RUN[range]: run --invoke add % 1 4294967296
;; EXIT[range]: 2
;; RUN[nofunc]: run --invoke memory % 1
;; EXIT[nofunc]: 1
(module
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "echo") (param i64 f32 f64 v128) (result i64 f32 f64 v128)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3))
  (func (export "nothing"))
  (func $refs (export "refs") (param externref) (result externref funcref funcref)
    (local.get 0) (ref.null func) (ref.func $refs)))
