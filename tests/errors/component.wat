;; RUN: run %
;; EXIT: 1
(component)
