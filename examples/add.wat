;; One function, to be called from the command line:
;;
;;     cargo run --release -- run --invoke add examples/add.wat 1 2

(module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
