;; Exceptions as objects: what they carry survives collections, and they survive in tables, globals, locals and other exceptions.
;;! exceptions = true
;;! gc = true

(module
  (type $box (struct (field (mut i32))))
  (tag $boxed (param i32 (ref null $box) i64 v128 externref funcref))
  (tag $number (param i64))
  (tag $nested (param exnref))
  (global $kept (mut exnref) (ref.null exn))
  (table $held 10 exnref)
  (elem declare func $seven)
  (func $seven (result i32) i32.const 7)

  ;; Garbage enough that a small heap collects.
  (func $litter (param i32)
    (loop
      (drop (struct.new $box (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))

  (func $throw-boxed (param i32)
    (throw $boxed (local.get 0) (struct.new $box (local.get 0)) (i64.const -2) (v128.const i64x2 3 4)
      (ref.null extern) (ref.func $seven)))

  ;; A payload of all kinds arrives whole.
  (func (export "payload") (param i32) (result i32 i32 i64 i64 i32 i32)
    (local $f funcref) (local $x externref) (local $v v128) (local $l i64) (local $b (ref null $box)) (local $n i32)
    (block $caught (result i32 (ref null $box) i64 v128 externref funcref)
      (try_table (catch $boxed $caught) (call $throw-boxed (local.get 0)))
      unreachable)
    local.set $f local.set $x local.set $v local.set $l local.set $b local.set $n
    (call $litter (i32.const 2000))
    local.get $n
    (struct.get $box 0 (local.get $b))
    local.get $l
    (i64x2.extract_lane 1 (local.get $v))
    (ref.is_null (local.get $x))
    (ref.is_null (local.get $f)))

  ;; An exception that is held keeps what it carries.
  (func (export "hold") (param i32)
    (block $caught (result i32 (ref null $box) i64 v128 externref funcref exnref)
      (try_table (catch_ref $boxed $caught) (call $throw-boxed (local.get 0)))
      unreachable)
    global.set $kept
    drop drop drop drop drop drop)
  (func (export "litter") (param i32) (call $litter (local.get 0)))
  (func (export "held") (result i32) (local $b (ref null $box))
    (block $caught (result i32 (ref null $box) i64 v128 externref funcref)
      (try_table (catch $boxed $caught) (throw_ref (global.get $kept)))
      unreachable)
    drop drop drop drop
    local.set $b drop
    (struct.get $box 0 (local.get $b)))

  ;; Many in a table; each is thrown again later.
  (func (export "fill") (local $i i32)
    (loop $more
      (table.set $held (local.get $i)
        (block $caught (result exnref)
          (try_table (catch_all_ref $caught) (throw $number (i64.extend_i32_u (local.get $i))))
          unreachable))
      (call $litter (i32.const 500))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10)))))
  (func (export "sum") (result i64) (local $i i32) (local $sum i64)
    (loop $more
      (block $caught (result i64)
        (try_table (catch $number $caught) (throw_ref (table.get $held (local.get $i))))
        unreachable)
      (local.set $sum (i64.add (local.get $sum)))
      (call $litter (i32.const 100))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    local.get $sum)

  ;; Exceptions that carry exceptions, to a depth that no recursion of the collector would survive.
  (func (export "nest") (param $depth i32) (result i32)
    (local $inner exnref) (local $count i32)
    (local.set $count (local.get $depth))
    (loop $more
      (local.set $inner
        (block $caught (result exnref)
          (try_table (catch_all_ref $caught) (throw $nested (local.get $inner)))
          unreachable))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (loop $more
      (block $caught (result exnref)
        (try_table (catch $nested $caught) (throw_ref (local.get $inner)))
        unreachable)
      (local.set $inner)
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $more (i32.eqz (ref.is_null (local.get $inner)))))
    local.get $count)

  ;; What a function holds while a callee throws stays.
  (func (export "live-across") (param i32) (result i32) (local $b (ref null $box)) (local $n i32)
    (local.set $b (struct.new $box (local.get 0)))
    (struct.new $box (i32.add (local.get 0) (i32.const 1)))
    (block $caught (result (ref $box))
      (block $out (result i64)
        (try_table (catch $number $out)
          (call $litter (i32.const 300))
          (throw $number (i64.const 1)))
        unreachable)
      drop
      (struct.new $box (i32.const 100)))
    (struct.get $box 0)
    local.set $n
    (struct.get $box 0)
    (i32.add (local.get $n))
    (i32.add (struct.get $box 0 (local.get $b)))))

(assert_return (invoke "payload" (i32.const 5)) (i32.const 5) (i32.const 5) (i64.const -2) (i64.const 4) (i32.const 1) (i32.const 0))
(invoke "hold" (i32.const 77))
(invoke "litter" (i32.const 3000))
(assert_return (invoke "held") (i32.const 77))
(assert_return (invoke "held") (i32.const 77))
(invoke "fill")
(assert_return (invoke "sum") (i64.const 45))
(invoke "litter" (i32.const 3000))
(assert_return (invoke "sum") (i64.const 45))
(assert_return (invoke "nest" (i32.const 3000)) (i32.const 3000))
(assert_return (invoke "live-across" (i32.const 10)) (i32.const 121))
