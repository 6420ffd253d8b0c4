;; What is called is a known function, of another type than the call has: the cast before it fails.
(module
  (type $number (func (result i32)))
  (type $wide (func (result i64)))
  (global $seven funcref (ref.func $seven))
  (func $seven (type $number) (i32.const 7))
  (func (export "other") (result i64)
    (call_ref $wide (ref.cast (ref $wide) (global.get $seven))))
  (func (export "same") (result i32)
    (call_ref $number (ref.cast (ref $number) (global.get $seven)))))

(assert_trap (invoke "other") "cast failure")
(assert_return (invoke "same") (i32.const 7))
