//! Types and calling conventions, in Cranelift's words.
//!
//! Apart because functions, and the code between them and the host, must agree on them to the letter.

use abi::{Builtin, BuiltinType};
use cranelift_codegen::ir::{self, AbiParam, Signature, types};
use cranelift_codegen::isa::CallConv;
use module::FuncType;

/// Addresses of the host.
pub(crate) const POINTER: ir::Type = types::I64;

/// The form of vectors wherever their lanes are not known: parameters, results, memory.
pub(crate) const VECTOR: ir::Type = types::I8X16;

/// The type that holds values of this type.
pub(crate) fn clif_type(ty: ::ir::Type) -> ir::Type {
    match ty {
        ::ir::Type::I32 | ::ir::Type::Ref => types::I32,
        ::ir::Type::I64 => types::I64,
        ::ir::Type::F32 => types::F32,
        ::ir::Type::F64 => types::F64,
        ::ir::Type::V128 => VECTOR,
        ::ir::Type::FuncRef => POINTER,
    }
}

/// The signature of compiled code: the callee's vmctx, then the parameters.
pub(crate) fn wasm_signature(ty: &FuncType) -> Signature {
    let param = |ty: &module::ValType| AbiParam::new(clif_type((*ty).into()));
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.reserve_exact(ty.params().len() + 1);
    signature.params.push(AbiParam::new(POINTER));
    signature.params.extend(ty.params().iter().map(param));
    signature.returns.extend(ty.results().iter().map(param));
    signature
}

/// The signature of code that starts at a loop of a function of this type: vmctx, then the address that the frame lies below.
pub(crate) fn loop_signature(ty: &FuncType) -> Signature {
    let mut signature = wasm_signature(ty);
    signature.params.clear();
    signature.params.resize(2, AbiParam::new(POINTER));
    signature
}

/// The signature of a builtin: the caller's vmctx, then the parameters, by the convention of C or one that differs only in what
/// the callee must preserve.
pub(crate) fn builtin_signature(builtin: Builtin) -> Signature {
    let param = |ty: &BuiltinType| {
        AbiParam::new(match ty {
            BuiltinType::I32 => types::I32,
            BuiltinType::I64 => types::I64,
            BuiltinType::Pointer => POINTER,
        })
    };
    let sig = builtin.sig();
    let mut signature = Signature::new(if sig.preserves {
        CallConv::PreserveAll
    } else {
        CallConv::SystemV
    });
    signature.params.push(AbiParam::new(POINTER));
    signature.params.extend(sig.params.iter().map(param));
    signature.returns.extend(sig.result.iter().map(param));
    signature
}
