//! Operators as data: the name of each, the proposal that it belongs to, and what its immediates are.
//!
//! Apart because all of it is derived from the parser's one list of operators, and whoever shows operators needs the same.

use std::sync::OnceLock;

use wasmparser::{Operator, WasmFeatures};

use crate::index_names::Space;
use crate::instruction::{Show, Shown};

/// All that the parser can read: facts are wanted of modules that no engine runs, too.
pub(crate) const EVERYTHING: WasmFeatures = WasmFeatures::all();

/// How an immediate is written in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ImmediateKind {
    Index,
    Lane,
    I32,
    I64,
    F32,
    F64,
    V128,
    MemArg,
    BlockType,
    BrTable,
    TryTable,
    ResumeTable,
    HeapType,
    RefType,
    ValType,
    ValTypes,
    Lanes,
    Ordering,
}

/// The kind that belongs to a type of the parser.
trait HasKind {
    const KIND: ImmediateKind;
}

macro_rules! kinds {
    ($($ty:ty => $kind:ident,)*) => {
        $(impl HasKind for $ty {
            const KIND: ImmediateKind = ImmediateKind::$kind;
        })*
    };
}

kinds! {
    u32 => Index,
    u8 => Lane,
    i32 => I32,
    i64 => I64,
    wasmparser::Ieee32 => F32,
    wasmparser::Ieee64 => F64,
    wasmparser::V128 => V128,
    wasmparser::MemArg => MemArg,
    wasmparser::BlockType => BlockType,
    wasmparser::BrTable<'_> => BrTable,
    wasmparser::TryTable => TryTable,
    wasmparser::ResumeTable => ResumeTable,
    wasmparser::HeapType => HeapType,
    wasmparser::RefType => RefType,
    wasmparser::ValType => ValType,
    Vec<wasmparser::ValType> => ValTypes,
    [u8; 16] => Lanes,
    wasmparser::Ordering => Ordering,
}

/// What is known of an operator without its operands.
pub(crate) struct Row {
    /// As the text format spells it.
    pub(crate) name: String,
    /// The parser's word for the proposal.
    pub(crate) proposal: &'static str,
}

macro_rules! define {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// Each operator in the order of the list.
        #[derive(Clone, Copy)]
        enum Number { $($op),* }

        /// What the list says of each, in its order.
        const LIST: &[(&str, &str)] = &[$((stringify!($visit), stringify!($proposal))),*];

        fn number(op: &Operator<'_>) -> Option<Number> {
            Some(match op {
                $(Operator::$op { .. } => Number::$op,)*
                _ => return None,
            })
        }

        /// The immediates of an operator: what each is, and how it is written, in the order of the file.
        pub(crate) fn each_immediate<'a>(
            op: &Operator<'a>,
            mut each: impl FnMut(&'static str, ImmediateKind),
        ) {
            match op {
                $(Operator::$op { .. } => {
                    $($(each(stringify!($arg), <$argty as HasKind>::KIND);)*)?
                })*
                _ => {}
            }
        }

        /// Shows the values of the immediates, in the order of the file.
        pub(crate) fn each_immediate_value(op: &Operator<'_>, shown: &mut Shown<'_>) {
            match op {
                $(Operator::$op $({ $($arg),* })? => {
                    $($($arg.show(stringify!($arg), shown);)*)?
                })*
                _ => {}
            }
        }
    };
}
wasmparser::for_each_operator!(define);

/// The name and the proposal of an operator.
pub(crate) fn row(op: &Operator<'_>) -> &'static Row {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    static UNKNOWN: Row = Row {
        name: String::new(),
        proposal: "",
    };
    let rows = ROWS.get_or_init(|| {
        let row = |&(visit, proposal): &(&str, &'static str)| Row {
            name: spelled(visit.trim_start_matches("visit_")),
            proposal,
        };
        LIST.iter().map(row).collect()
    });
    number(op)
        .and_then(|number| rows.get(number as usize))
        .unwrap_or(&UNKNOWN)
}

/// What an immediate's index is an index of, by the parser's name of the immediate.
pub(crate) fn space_of(immediate: &str) -> Option<Space> {
    Some(match immediate {
        "function_index" => Space::Func,
        "global_index" => Space::Global,
        "tag_index" => Space::Tag,
        "type_index"
        | "struct_type_index"
        | "array_type_index"
        | "array_type_index_dst"
        | "array_type_index_src"
        | "cont_type_index"
        | "argument_index"
        | "result_index" => Space::Type,
        "table" | "table_index" | "dst_table" | "src_table" => Space::Table,
        "mem" | "dst_mem" | "src_mem" => Space::Memory,
        "elem_index" | "array_elem_index" => Space::Elem,
        "data_index" | "array_data_index" => Space::Data,
        _ => return None,
    })
}

/// The text format's name of what the list calls so.
fn spelled(listed: &str) -> String {
    /// Names that follow no rule.
    const IRREGULAR: &[(&str, &str)] = &[
        ("typed_select", "select"),
        ("typed_select_multi", "select"),
        ("ref_test_non_null", "ref.test"),
        ("ref_test_nullable", "ref.test null"),
        ("ref_cast_non_null", "ref.cast"),
        ("ref_cast_nullable", "ref.cast null"),
        ("ref_cast_desc_eq_non_null", "ref.cast_desc_eq"),
        ("ref_cast_desc_eq_nullable", "ref.cast_desc_eq null"),
    ];
    /// What a dot stands behind.
    const NOUNS: &[&str] = &[
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
        "local", "global", "memory", "table", "elem", "data", "ref", "i31", "struct", "array",
        "any", "extern", "cont", "atomic",
    ];
    if let Some((_, name)) = IRREGULAR.iter().find(|(key, _)| *key == listed) {
        return (*name).to_owned();
    }
    let Some((noun, verb)) = listed.split_once('_') else {
        return listed.to_owned();
    };
    if !NOUNS.contains(&noun) {
        return listed.to_owned();
    }
    let Some(atomic) = verb.strip_prefix("atomic_") else {
        return format!("{noun}.{verb}");
    };
    match atomic.split_once('_') {
        Some((rmw, what)) if rmw.starts_with("rmw") => format!("{noun}.atomic.{rmw}.{what}"),
        _ => format!("{noun}.atomic.{atomic}"),
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn names_are_those_of_the_text_format() {
        for (listed, name) in [
            ("i32_load8_u", "i32.load8_u"),
            ("br_on_non_null", "br_on_non_null"),
            ("i64_atomic_rmw16_add_u", "i64.atomic.rmw16.add_u"),
            ("i32_atomic_rmw_cmpxchg", "i32.atomic.rmw.cmpxchg"),
            ("i32_atomic_load8_u", "i32.atomic.load8_u"),
            ("memory_atomic_wait32", "memory.atomic.wait32"),
            ("atomic_fence", "atomic.fence"),
            ("ref_as_non_null", "ref.as_non_null"),
            ("f32x4_demote_f64x2_zero", "f32x4.demote_f64x2_zero"),
            ("return_call_indirect", "return_call_indirect"),
        ] {
            assert_eq!(spelled(listed), name);
        }
    }
}
