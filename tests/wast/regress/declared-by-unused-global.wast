;; Only a global that nothing reads declares the function that a body refers to, and the module has no element section.
(module
  (global (mut funcref) (ref.func $seven))
  (type $number (func (result i32)))
  (func $seven (type $number) (i32.const 7))
  (func (export "call") (result i32) (call_ref $number (ref.func $seven)))
  (func (export "null") (result i32) (ref.is_null (ref.func $seven)))
  (func (export "get") (result funcref) (ref.func $seven)))

(assert_return (invoke "call") (i32.const 7))
(assert_return (invoke "null") (i32.const 0))
(assert_return (invoke "get") (ref.func))
