;; A data segment that does not fit is found when the module is instantiated.
;; RUN: run --tier %tier %
;; EXIT: 134
(module
  (memory 1)
  (data (i32.const 65536) "x")
  (func (export "_start")))
