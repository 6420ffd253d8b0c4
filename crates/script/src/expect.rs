//! Values of a script: arguments to be passed, and patterns that results must match.

use text::wast::WastArg;
use text::wast::WastRet;
use text::wast::core::{
    AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore,
};
use wharf::HeapType as Heap;
use wharf::{AnyRef, AsContext, AsContextMut, ExternRef, OwnedRef, Ref, V128, Val};

/// The value that a script's argument stands for.
pub(crate) fn argument(
    mut store: impl AsContextMut,
    externs: &mut Externs,
    arg: &WastArg<'_>,
) -> Result<Val, String> {
    let WastArg::Core(arg) = arg else {
        return Err("component values are not supported".to_string());
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(V128(value.to_le_bytes())),
        WastArgCore::RefNull(HeapType::Abstract {
            ty: AbstractHeapType::Func | AbstractHeapType::NoFunc,
            ..
        }) => Val::Ref(Ref::Func(None)),
        WastArgCore::RefNull(HeapType::Abstract {
            ty: AbstractHeapType::Exn | AbstractHeapType::NoExn,
            ..
        }) => Val::Ref(Ref::Exn(None)),
        WastArgCore::RefNull(HeapType::Abstract {
            ty: AbstractHeapType::Extern | AbstractHeapType::NoExtern,
            ..
        }) => Val::Ref(Ref::Extern(None)),
        WastArgCore::RefNull(_) => Val::Ref(Ref::Any(None)),
        WastArgCore::RefExtern(number) => externs.get(&mut store, *number)?.into(),
        WastArgCore::RefHost(number) => {
            AnyRef::convert_extern(externs.get(&mut store, *number)?).into()
        }
    })
}

/// The host's values that a script names by number: the same number is the same value.
#[derive(Default)]
pub(crate) struct Externs(Vec<(u32, OwnedRef<ExternRef>)>);

impl Externs {
    fn get(&mut self, mut store: impl AsContextMut, number: u32) -> Result<ExternRef, String> {
        let outcome = match self.0.iter().find(|(known, _)| *known == number) {
            Some((_, value)) => value.get(store),
            None => ExternRef::new(&mut store, number).and_then(|value| {
                self.0.push((number, OwnedRef::new(&store, value)?));
                Ok(value)
            }),
        };
        outcome.map_err(|error| error.to_string())
    }
}

/// Whether a value is what the script expects.
pub(crate) fn matches(store: impl AsContext, found: &Val, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => matches_core(&store, found, expected),
        _ => false,
    }
}

fn matches_core(store: &impl AsContext, found: &Val, expected: &WastRetCore<'_>) -> bool {
    match (expected, found) {
        (WastRetCore::I32(expected), Val::I32(found)) => expected == found,
        (WastRetCore::I64(expected), Val::I64(found)) => expected == found,
        (WastRetCore::F32(expected), Val::F32(found)) => matches_f32(expected, *found),
        (WastRetCore::F64(expected), Val::F64(found)) => matches_f64(expected, *found),
        (WastRetCore::V128(expected), Val::V128(found)) => matches_v128(expected, *found),
        (
            WastRetCore::RefNull(_),
            Val::Ref(Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None) | Ref::Any(None)),
        ) => true,
        (WastRetCore::RefFunc(None), Val::Ref(Ref::Func(Some(_)))) => true,
        (WastRetCore::RefExtern(None), Val::Ref(Ref::Extern(Some(_)))) => true,
        (WastRetCore::RefExtern(Some(expected)), Val::Ref(Ref::Extern(Some(found)))) => {
            is_host(store, *found, *expected)
        }
        (WastRetCore::RefHost(expected), Val::Ref(Ref::Any(Some(found)))) => {
            is_host(store, ExternRef::convert_any(*found), *expected)
        }
        (WastRetCore::RefAny, Val::Ref(Ref::Any(Some(_)))) => true,
        (WastRetCore::RefEq, Val::Ref(Ref::Any(Some(found)))) => is_a(store, *found, Heap::Eq),
        (WastRetCore::RefStruct, Val::Ref(Ref::Any(Some(found)))) => {
            is_a(store, *found, Heap::Struct)
        }
        (WastRetCore::RefArray, Val::Ref(Ref::Any(Some(found)))) => {
            is_a(store, *found, Heap::Array)
        }
        (WastRetCore::RefI31, Val::Ref(Ref::Any(Some(found)))) => is_a(store, *found, Heap::I31),
        (WastRetCore::Either(cases), found) => {
            cases.iter().any(|case| matches_core(store, found, case))
        }
        _ => false,
    }
}

/// Whether a reference is to the value of the host that a script names so.
fn is_host(store: impl AsContext, found: ExternRef, expected: u32) -> bool {
    let data = found.data(&store).ok().flatten();
    data.and_then(|data| data.downcast_ref::<u32>()) == Some(&expected)
}

fn is_a(store: impl AsContext, found: AnyRef, ty: Heap) -> bool {
    found.is_a(store, ty).unwrap_or(false)
}

fn matches_f32(expected: &NanPattern<text::wast::token::F32>, found: u32) -> bool {
    match expected {
        NanPattern::CanonicalNan => found & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => found & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => value.bits == found,
    }
}

fn matches_f64(expected: &NanPattern<text::wast::token::F64>, found: u64) -> bool {
    match expected {
        NanPattern::CanonicalNan => found & (u64::MAX >> 1) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => found & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => value.bits == found,
    }
}

fn matches_v128(expected: &V128Pattern, found: V128) -> bool {
    let bytes = found.0;
    let f32_at =
        |lane: usize| u32::from_le_bytes(bytes[lane * 4..][..4].try_into().expect("four bytes"));
    let f64_at =
        |lane: usize| u64::from_le_bytes(bytes[lane * 8..][..8].try_into().expect("eight bytes"));
    match expected {
        V128Pattern::I8x16(lanes) => lanes.iter().flat_map(|lane| lane.to_le_bytes()).eq(bytes),
        V128Pattern::I16x8(lanes) => lanes.iter().flat_map(|lane| lane.to_le_bytes()).eq(bytes),
        V128Pattern::I32x4(lanes) => lanes.iter().flat_map(|lane| lane.to_le_bytes()).eq(bytes),
        V128Pattern::I64x2(lanes) => lanes.iter().flat_map(|lane| lane.to_le_bytes()).eq(bytes),
        V128Pattern::F32x4(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(i, lane)| matches_f32(lane, f32_at(i))),
        V128Pattern::F64x2(lanes) => lanes
            .iter()
            .enumerate()
            .all(|(i, lane)| matches_f64(lane, f64_at(i))),
    }
}
