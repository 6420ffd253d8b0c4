//! Cranelift's output in the words of the contract: code, calls to link, traps, places in the module.
//!
//! Apart because it is about what comes out, whatever went in.

use abi::{CompileError, CompiledFunc, Handler, PcEntry, Reloc, RelocTarget, StackMaps, TrapEntry};
use cranelift_codegen::binemit::Reloc as RelocKind;
use cranelift_codegen::ir::{ExternalName, Function, TrapCode};
use cranelift_codegen::{
    CodegenError, CompiledCode, FinalizedMachExceptionHandler, FinalizedRelocTarget,
};
use module::FuncIdx;
use ops::Trap;

/// The trap code that carries this trap.
pub(crate) const fn trap_code(trap: Trap) -> TrapCode {
    TrapCode::unwrap_user(trap as u8)
}

/// The trap code for a trap that the store holds.
pub(crate) const PENDING: TrapCode = TrapCode::unwrap_user(abi::TRAP_PENDING);

/// The number by which the contract knows a trap; some come from Cranelift's own instructions.
fn trap_number(code: TrapCode) -> u8 {
    let trap = match code {
        TrapCode::STACK_OVERFLOW => Trap::StackOverflow,
        TrapCode::INTEGER_OVERFLOW => Trap::IntegerOverflow,
        TrapCode::HEAP_OUT_OF_BOUNDS => Trap::MemoryOutOfBounds,
        TrapCode::INTEGER_DIVISION_BY_ZERO => Trap::IntegerDivideByZero,
        TrapCode::BAD_CONVERSION_TO_INTEGER => Trap::InvalidConversion,
        other => return other.as_raw().get(),
    };
    trap as u8
}

/// What the contract makes of an error of Cranelift.
///
/// # Panics
/// If the function given to Cranelift was broken, which is our bug.
pub(crate) fn codegen_error(error: &CodegenError, func: &Function) -> CompileError {
    match error {
        CodegenError::Verifier(errors) => panic!("{errors}\n{func}"),
        CodegenError::Regalloc(errors) => panic!("{errors:?}\n{func}"),
        CodegenError::ImplLimitExceeded => CompileError::Limit(
            "the function has more parameters, results or stack than the compiler can handle"
                .to_string(),
        ),
        CodegenError::CodeTooLarge => {
            CompileError::Limit("the function is too large for the compiler".to_string())
        }
        other => CompileError::Limit(format!("the function cannot be compiled: {other}")),
    }
}

/// The code of a function that was compiled, to be aligned to at least this many bytes.
///
/// # Errors
/// If the code has what the contract has no words for.
pub(crate) fn compiled_func(
    code: &CompiledCode,
    func: &Function,
    align: u32,
) -> Result<CompiledFunc, CompileError> {
    let buffer = &code.buffer;
    let mut relocs = Vec::with_capacity(buffer.relocs().len());
    for reloc in buffer.relocs() {
        let target = match (&reloc.target, reloc.kind) {
            (
                FinalizedRelocTarget::ExternalName(ExternalName::User(name)),
                RelocKind::X86CallPCRel4,
            ) => func.params.user_named_funcs()[*name].index,
            _ => {
                let message = format!("the code needs {:?}, which cannot be linked", reloc.target);
                return Err(CompileError::Limit(message));
            }
        };
        relocs.push(Reloc {
            offset: reloc.offset,
            target: RelocTarget::Func(FuncIdx(target)),
            addend: reloc.addend as i32,
        });
    }
    let traps = buffer.traps().iter();
    let mut traps: Vec<TrapEntry> = traps
        .map(|trap| TrapEntry {
            offset: trap.offset,
            code: trap_number(trap.code),
        })
        .collect();
    if !traps.is_sorted_by_key(|trap| trap.offset) {
        traps.sort_by_key(|trap| trap.offset);
    }
    Ok(CompiledFunc {
        code: buffer.data().to_vec(),
        align: buffer.alignment.max(align),
        relocs,
        traps,
        pcs: pcs(code),
        stack_maps: stack_maps(code),
        handlers: handlers(code),
        sites: Vec::new(),
        inlined: Vec::new(),
    })
}

/// Where calls go on that throw; lowering gives each at most one landing pad.
fn handlers(code: &CompiledCode) -> Vec<Handler> {
    let handlers = code.buffer.call_sites().filter_map(|site| {
        let [FinalizedMachExceptionHandler::Default(landing_offset)] = *site.exception_handlers
        else {
            return None;
        };
        Some(Handler {
            return_offset: site.ret_addr,
            landing_offset,
            frame_bytes: site.frame_offset.expect("x86-64 tells of every such call"),
        })
    });
    handlers.collect()
}

/// Where references lie, counted from the frame pointer: that is what a walk through frames knows.
fn stack_maps(code: &CompiledCode) -> StackMaps {
    let mut maps = StackMaps::default();
    for (return_offset, frame_bytes, map) in code.buffer.user_stack_maps() {
        let places = map
            .entries()
            .map(|(_, above_stack_pointer)| frame_bytes - above_stack_pointer);
        maps.push(*return_offset, places);
    }
    maps
}

/// Entries only where the operator changes; what belongs to no operator counts to the one before.
fn pcs(code: &CompiledCode) -> Vec<PcEntry> {
    let locations = code.buffer.get_srclocs_sorted();
    let mut pcs: Vec<PcEntry> = Vec::with_capacity(locations.len());
    for location in locations {
        let wasm = location.loc.bits();
        if !location.loc.is_default() && pcs.last().is_none_or(|last| last.wasm != wasm) {
            pcs.push(PcEntry {
                offset: location.start,
                wasm,
            });
        }
    }
    pcs
}
