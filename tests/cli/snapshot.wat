;; What `snapshot` writes starts initialized; what cannot be written is said.
;; RUN: snapshot --tier %tier % -o %tmp/ready.wasm && run --tier %tier --invoke get %tmp/ready.wasm
;; RUN[init]: snapshot --tier %tier --init twice % -o %tmp/ready.wasm && run --tier %tier --invoke get %tmp/ready.wasm
;; RUN[rename]: snapshot --tier %tier --rename value=get % -o %tmp/ready.wasm && run --tier %tier --invoke value %tmp/ready.wasm
;; RUN[again]: snapshot --tier %tier % -o %tmp/ready.wasm && snapshot --tier %tier %tmp/ready.wasm -o %tmp/again.wasm
;; EXIT[again]: 1
;; RUN[object]: snapshot --tier %tier --init object % -o %tmp/ready.wasm
;; EXIT[object]: 1
;; RUN[trap]: snapshot --tier %tier --init trap % -o %tmp/ready.wasm
;; EXIT[trap]: 134
;; RUN[none]: snapshot --tier %tier --rename new=old % -o %tmp/ready.wasm
;; EXIT[none]: 1
;; RUN[usage]: snapshot --tier %tier --rename new % -o %tmp/ready.wasm
;; EXIT[usage]: 2
(module
  (memory 1)
  (global $x (mut externref) (ref.null extern))
  (global $object (mut i31ref) (ref.null i31))
  (func $add (i32.store (i32.const 4000) (i32.add (i32.load (i32.const 4000)) (i32.const 21))))
  (func (export "wizer-initialize") (call $add))
  (func (export "twice") (call $add) (call $add))
  (func (export "object") (global.set $object (ref.i31 (i32.const 1))))
  (func (export "trap") unreachable)
  (func (export "get") (result i32) (i32.load (i32.const 4000))))
