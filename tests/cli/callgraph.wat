;; Who calls whom. Calls through tables are dashed, and lead to functions of their type.
;; RUN: callgraph %
;; RUN[from]: callgraph --from main --depth 1 %
;; RUN[to]: callgraph --to log --depth 1 %
;; RUN[between]: callgraph --from main --to b --json %
;; RUN[nobody]: callgraph --from nobody %
;; EXIT[nobody]: 1
;; RUN[depth]: callgraph --depth 3 %
;; EXIT[depth]: 2
(module
  (type $void (func))
  (type $same (func))
  (type $unary (func (param i32)))
  (import "env" "log" (func $log (param i32)))
  (table $closed 3 funcref)
  (table $open (export "table") 1 funcref)
  (elem (table $closed) (i32.const 0) func $a $b $log)
  (elem (table $open) (i32.const 0) func $a)
  (func $main (export "main")
    (call_indirect $closed (type $same) (i32.const 0))
    (call_indirect $open (type $void) (i32.const 0))
    (call_ref $unary (i32.const 1) (ref.func $log)))
  (func $a (call $b) (call $b))
  (func $b (call $log (i32.const 1)))
  (func $"quo\"ted\\" (call $"quo\"ted\\")))
