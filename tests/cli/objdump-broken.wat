;; What can be read of a broken file is shown, and what is wrong with it.
;; RUN: objdump -h -x -d %
;; EXIT: 1
;; RUN[bytes]: objdump --bytes %
;; EXIT[bytes]: 1
;; RUN[json]: objdump --json -d %
;; EXIT[json]: 1
(module binary
  "\00asm\01\00\00\00"
  "\01\04\01\60\00\00"        ;; a type
  "\03\82\00\01\00"           ;; a function, and a size that is longer than it needs
  "\0a\08\01\06\00\41\05\1a\ff\0b"  ;; an operator that is none
  "\05\09\01")                ;; a section that is cut off
