;; What can be said of a broken file is said.
;; RUN: inspect %
;; EXIT: 1
(module binary
  "\00asm\01\00\00\00"
  "\01\04\01\60\00\00"
  "\03\02\01\00"
  "\07\05\01\01f\00"   ;; an export without its index
  "\0a\04\01")         ;; a section that is cut off
