;; What a run has seen can be written down, and code that is compiled for it does the same.
;; RUN: run --record-profile %tmp/seen --invoke sum % 3000 && compile --profile %tmp/seen % -o %tmp/sum.wharf && run --invoke sum %tmp/sum.wharf 3000
;; RUN[tier]: run --tier optimizing --record-profile %tmp/seen --invoke sum % 3
;; EXIT[tier]: 2
;; RUN[none]: compile --profile % % -o %tmp/sum.wharf
;; EXIT[none]: 1
;; RUN[other]: run --record-profile %tmp/seen --invoke add %dir/compile.wat 1 2 && compile --profile %tmp/seen % -o %tmp/sum.wharf
;; EXIT[other]: 1
(module
  (type $t (func (param i32) (result i32)))
  (table funcref (elem $twice $next))
  (func $twice (type $t) (i32.shl (local.get 0) (i32.const 1)))
  (func $next (type $t) (i32.add (local.get 0) (i32.const 1)))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum)
        (call_indirect (type $t) (local.get $n) (i32.eqz (i32.rem_u (local.get $n) (i32.const 16))))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
