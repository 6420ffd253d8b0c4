;; Where the bytes of a module go, and what keeps them there.
;; RUN: size %
;; RUN[top]: size -n 3 %
;; RUN[retained]: size --retained -n 6 %
;; RUN[generics]: size --generics %
;; RUN[garbage]: size --garbage %
;; RUN[section]: size --by section %
;; RUN[crate]: size --by crate %
;; RUN[namespace]: size --by namespace %
;; RUN[file]: wat2wasm -g % -o %tmp/m.wasm && size --by file %tmp/m.wasm
;; RUN[paths]: size --paths helper %
;; RUN[index]: size --paths 4 %
;; RUN[nothing]: size --paths no-such-name %
;; EXIT[nothing]: 1
;; RUN[both]: size --retained --garbage %
;; EXIT[both]: 2
;; RUN[json]: size --retained --json %
;; RUN[svg]: size --svg /dev/stdout %
(module
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (data $greeting (i32.const 0) "hello & <goodbye>")
  (table 2 funcref)
  (elem (i32.const 0) $_ZN3app5first17h0123456789abcdefE $_ZN3app6second17h0123456789abcdefE)
  (type $callback (func))
  (func $main (export "_start")
    (call $helper (i32.const 1))
    (call_indirect (type $callback) (i32.const 0)))
  (func $helper (param i32)
    (call $log (local.get 0))
    (call $log (i32.load (local.get 0))))
  (func $_ZN3app5first17h0123456789abcdefE (call $helper (i32.const 2)))
  (func $_ZN3app6second17h0123456789abcdefE)
  (func $_RINvCs1234_3lib4makelE (drop (i32.const 3)))
  (func $_RINvCs1234_3lib4makemE (drop (i32.const 4)) (call $unused))
  (func $unused))
