//! The functions of the runtime that compiled code calls: one row each.
//!
//! A row gives number, name and signature; the runtime builds its table of addresses from the same rows, so the two cannot
//! disagree. All use the platform's C convention and take the caller's vmctx first.
//!
//! Code reaches a builtin through a thunk of the runtime, which notes where the guest's frames start and passes the arguments on
//! as they are: so all of them must be in registers.

/// The type of a builtin's parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuiltinType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// An address of the host.
    Pointer,
}

/// The signature of a builtin, without the leading vmctx.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuiltinSig {
    /// Parameters after vmctx.
    pub params: &'static [BuiltinType],
    /// The result, if any.
    pub result: Option<BuiltinType>,
    /// Whether the result is 0 for success, else a trap is pending in the store and the caller must trap.
    pub traps: bool,
    /// Whether the call changes no register; then there is no result.
    pub preserves: bool,
}

/// Calls the macro `$then` with all rows: `name(param: type, ...) -> result;`. `-> trap` marks a function whose 32-bit result
/// is 0 for success, and otherwise means that the store holds a pending trap. `-> object`, `-> address` and `-> quiet` mark
/// functions that are called rarely from code that runs often, and so leave all registers as they are; they
/// take the store context too, and what they give, and whether the stack has room for them, is then in [`StoreCtxLayout::GC_OBJECT`](crate::StoreCtxLayout::GC_OBJECT).
#[macro_export]
macro_rules! for_each_builtin {
    ($then:ident) => {
        $then! {
            /// `memory.atomic.wait32` at an address: the operator's result, or -1 and the store holds a pending trap.
            memory_atomic_wait32(memory: i32, address: i64, expected: i32, timeout_ns: i64) -> i64;
            /// `memory.atomic.wait64`: as above.
            memory_atomic_wait64(memory: i32, address: i64, expected: i64, timeout_ns: i64) -> i64;
            /// `memory.atomic.notify`: as above; the result is an unsigned 32-bit number.
            memory_atomic_notify(memory: i32, address: i64, count: i32) -> i64;
            /// `memory.grow`: old size in pages, or -1.
            memory_grow(memory: i32, delta_pages: i64) -> i64;
            /// `memory.fill`.
            memory_fill(memory: i32, dst: i64, value: i32, bytes: i64) -> trap;
            /// `memory.copy`.
            memory_copy(dst_memory: i32, src_memory: i32, dst: i64, src: i64, bytes: i64) -> trap;
            /// `memory.init`.
            memory_init(memory: i32, data: i32, dst: i64, src: i32, bytes: i32) -> trap;
            /// `data.drop`.
            data_drop(data: i32) -> none;
            /// `table.grow`: old number of elements, or -1. The value is an element as tables store it.
            table_grow(table: i32, value: i64, delta: i64) -> i64;
            /// `table.fill`.
            table_fill(table: i32, dst: i64, value: i64, count: i64) -> trap;
            /// `table.copy`.
            table_copy(dst_table: i32, src_table: i32, dst: i64, src: i64, count: i64) -> trap;
            /// `table.init`.
            table_init(table: i32, elem: i32, dst: i64, src: i32, count: i32) -> trap;
            /// `elem.drop`.
            elem_drop(elem: i32) -> none;
            /// Whether the type of canonical number `sub` is `sup` or a subtype of it: 1 or 0.
            subtype(sub: i32, sup: i32) -> i32;
            /// A structure of the type with this canonical number, all zeros, or 0 and the store holds a pending trap. May collect.
            gc_new_struct(ctx: pointer, ty: i32) -> object;
            /// An array, as above.
            gc_new_array(ctx: pointer, ty: i32, len: i32) -> object;
            /// The write barrier: an old object may refer to young ones from now on.
            gc_remember(ctx: pointer, object: i32) -> quiet;
            /// `array.new_data` of a type of the module: the array, or 0 and the store holds a pending trap. May collect.
            array_new_data(ty: i32, data: i32, src: i32, len: i32) -> i32;
            /// `array.new_elem`: as above.
            array_new_elem(ty: i32, elem: i32, src: i32, len: i32) -> i32;
            /// `array.fill`: the value is the low bytes of 128 bits.
            array_fill(array: i32, at: i32, low: i64, high: i64, len: i32) -> trap;
            /// `array.copy`.
            array_copy(dst_array: i32, dst: i32, src_array: i32, src: i32, len: i32) -> trap;
            /// `array.init_data`.
            array_init_data(data: i32, array: i32, dst: i32, src: i32, len: i32) -> trap;
            /// `array.init_elem`.
            array_init_elem(elem: i32, array: i32, dst: i32, src: i32, len: i32) -> trap;
            /// An exception with a tag of the module, its payload all zeros, or 0 and the store holds a pending trap. May collect.
            exn_new(tag: i32) -> i32;
            /// Throws an exception: goes on where the guest catches it. It returns only if the guest does not, and then the store
            /// holds it as pending.
            throw(exception: i32) -> none;
            /// Baseline code of the defined function of this number has used up its counter, on entry (`at` is -1) or in the loop whose
            /// operator is at this offset of the module's bytes: the code to go on with in the loop, or 0.
            tier_up(ctx: pointer, func: i32, at: i32) -> address;
            /// Any row of `ops::Compute` by number: operands in 16-byte slots, the result replaces the first.
            compute(op: i32, slots: pointer) -> trap;
        }
    };
}

macro_rules! define {
    (@ty i32) => { BuiltinType::I32 };
    (@ty i64) => { BuiltinType::I64 };
    (@ty pointer) => { BuiltinType::Pointer };
    (@result none) => { None };
    (@result quiet) => { None };
    (@result object) => { None };
    (@result address) => { None };
    (@result trap) => { Some(BuiltinType::I32) };
    (@result $ty:ident) => { Some(define!(@ty $ty)) };
    (@traps trap) => { true };
    (@traps $ty:ident) => { false };
    (@preserves object) => { true };
    (@preserves address) => { true };
    (@preserves quiet) => { true };
    (@preserves $ty:ident) => { false };
    ($($(#[$doc:meta])* $name:ident($($param:ident: $ty:ident),*) -> $result:ident;)*) => {
        /// A builtin, numbered by its place in the table that vmctx points to.
        #[allow(non_camel_case_types, reason = "variants carry the names of the functions")]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Builtin {
            $($(#[$doc])* $name,)*
        }

        impl Builtin {
            /// All builtins, by number.
            pub const ALL: &'static [Builtin] = &[$(Builtin::$name,)*];

            /// The name of the builtin.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Builtin::$name => stringify!($name),)*
                }
            }

            /// The signature, without the leading vmctx.
            pub const fn sig(self) -> BuiltinSig {
                match self {
                    $(Builtin::$name => BuiltinSig {
                        params: &[$(define!(@ty $ty)),*],
                        result: define!(@result $result),
                        traps: define!(@traps $result),
                        preserves: define!(@preserves $result),
                    },)*
                }
            }
        }
    };
}

for_each_builtin!(define);

/// Parameters of a builtin that the C convention passes in registers, after vmctx.
const REGISTER_PARAMS_MAX: usize = 5;

const _: () = {
    let mut nth = 0;
    while nth < Builtin::ALL.len() {
        assert!(Builtin::ALL[nth].sig().params.len() <= REGISTER_PARAMS_MAX);
        nth += 1;
    }
};
