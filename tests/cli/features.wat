;; Features can be refused; those that do not run yet cannot be allowed.
;; RUN: validate %
;; RUN[both]: validate --features +relaxed-simd,-gc,+custom-page-sizes %
;; RUN[refused]: validate --features -simd %
;; EXIT[refused]: 1
;; RUN[unknown]: validate --features simd,warp %
;; EXIT[unknown]: 2
;; RUN[later]: run --features stack-switching %
;; EXIT[later]: 2
(module
  (func (export "zero") (result v128) (v128.const i64x2 0 0)))
