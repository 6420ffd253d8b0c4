;; What the collector did is told after the program ended: a small heap has no collections.
;; RUN: run --tier %tier --gc-stats --invoke make % 1000
(module
  (type $box (struct (field i64)))
  (global $last (mut (ref null $box)) (ref.null $box))
  (func (export "make") (param $n i32) (result i32)
    (loop $next
      (global.set $last (struct.new $box (i64.extend_i32_u (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n)))
