;; Modules in components have their own functions.
;; RUN: size -n 8 %
;; RUN[module]: size --by module %
;; RUN[retained]: size --retained -n 4 %
(component
  (core module $a (func $f (export "f") nop nop) (func $g))
  (core module (func $h (export "h") nop))
  (component $inner (core module (func $i nop nop nop)))
  (core instance (instantiate $a)))
