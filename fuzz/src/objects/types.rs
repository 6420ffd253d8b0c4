//! Types of objects for generated modules, and what places of these types really hold, which is often less.
//!
//! Apart from the code of such modules because validity is decided here: which type matches which.

use crate::Random;
use std::fmt;

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heap {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Extern,
    Func,
    /// One of two types of functions: `$t` or `$u`.
    Callable(usize),
    /// A defined type of objects.
    Object(usize),
}

/// A type of references.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RefType {
    pub(super) nullable: bool,
    pub(super) heap: Heap,
}

impl RefType {
    pub(super) fn null(heap: Heap) -> RefType {
        RefType {
            nullable: true,
            heap,
        }
    }

    pub(super) fn non_null(self) -> RefType {
        RefType {
            nullable: false,
            ..self
        }
    }
}

/// A place of references: what it is declared to hold, and what is really put there, which is no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) ty: RefType,
    pub(super) holds: RefType,
}

impl Place {
    pub(super) fn of(ty: RefType) -> Place {
        Place { ty, holds: ty }
    }
}

/// What a field, an element, a parameter or a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    I8,
    I32,
    Ref(Place),
}

/// A field, or an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) mutable: bool,
    /// Whether anything reads it.
    pub(super) is_read: bool,
    /// Whether anything writes it after its object was made.
    pub(super) is_set: bool,
    /// Whether it is always the same number, or null.
    pub(super) is_same: bool,
}

/// A type of objects.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) above: Option<usize>,
    pub(super) is_array: bool,
    /// Of an array the one element.
    pub(super) fields: Vec<Field>,
}

/// All of them; the first is a structure, the last an array.
#[derive(Debug)]
pub(super) struct Types(pub(super) Vec<Object>);

impl Types {
    pub(super) fn choose(random: &mut Random) -> Types {
        let (n_structs, n_arrays) = (3 + random.below(5), 2 + random.below(3));
        let mut types = Types(Vec::new());
        for at in 0..n_structs + n_arrays {
            let is_array = at >= n_structs;
            let above = match is_array || at == 0 || random.below(3) == 0 {
                true => None,
                false => Some(random.below(at)),
            };
            let inherited = above.map_or(Vec::new(), |above| types.0[above].fields.clone());
            let fields = inherited.into_iter();
            let mut fields: Vec<Field> = fields.map(|field| types.inherit(random, field)).collect();
            let more = if is_array { 1 } else { random.below(4) };
            for _ in 0..more {
                let field = types.field(random, at, n_structs + n_arrays, n_structs);
                fields.push(field);
            }
            types.0.push(Object {
                above,
                is_array,
                fields,
            });
        }
        types
    }

    /// A field as a subtype has it.
    fn inherit(&self, random: &mut Random, field: Field) -> Field {
        let mut field = field;
        if let Kind::Ref(place) = &mut field.kind
            && !field.is_set
            && random.below(2) == 0
        {
            place.holds = self.narrower(random, place.holds, self.0.len());
            if !field.mutable && random.below(2) == 0 {
                place.ty = place.holds;
            }
        }
        field
    }

    fn field(&self, random: &mut Random, at: usize, n: usize, n_structs: usize) -> Field {
        let kind = match random.below(6) {
            0 => Kind::I8,
            1 | 2 => Kind::I32,
            _ => {
                // Of later types nothing is known yet, but which kind they are.
                let heap = match random.below(4) {
                    0 => Heap::Object(random.below(n)),
                    _ => any_heap(random, at),
                };
                let ty = RefType::null(heap);
                let holds = match heap {
                    Heap::Object(other) if other >= at => ty,
                    _ => self.narrower(random, ty, at),
                };
                let ty = match random.below(6) == 0 {
                    true => holds,
                    false => ty,
                };
                Kind::Ref(Place { ty, holds })
            }
        };
        debug_assert!(n_structs <= n);
        let mutable = random.below(3) != 0;
        Field {
            kind,
            mutable,
            is_read: random.below(4) != 0,
            is_set: mutable && random.below(2) == 0,
            is_same: random.below(5) == 0,
        }
    }

    /// A type of parameters, results, globals and locals, and what is there.
    pub(super) fn place(&self, random: &mut Random) -> Place {
        let n = self.0.len();
        let ty = RefType::null(any_heap(random, n));
        let holds = self.narrower(random, ty, n);
        match random.below(5) {
            0 => Place::of(holds),
            _ => Place { ty, holds },
        }
    }

    /// A type that matches another one; only types before `end` are not null.
    pub(super) fn narrower(&self, random: &mut Random, ty: RefType, end: usize) -> RefType {
        let n = self.0.len();
        if matches!(ty.heap, Heap::Object(at) if at >= n) {
            return ty;
        }
        let heaps = HEADS.into_iter().chain((0..n).map(Heap::Object));
        let heaps: Vec<Heap> = heaps
            .filter(|&heap| heap == ty.heap || self.is_sub(heap, ty.heap))
            .filter(|&heap| ty.nullable || can_be_made(heap, end))
            .collect();
        let heap = match random.below(3) {
            0 => ty.heap,
            _ => heaps[random.below(heaps.len())],
        };
        let nullable = ty.nullable && (!can_be_made(heap, end) || random.below(2) == 0);
        RefType { nullable, heap }
    }

    pub(super) fn matches(&self, sub: RefType, sup: RefType) -> bool {
        (sup.nullable || !sub.nullable) && self.is_sub(sub.heap, sup.heap)
    }

    fn is_sub(&self, sub: Heap, sup: Heap) -> bool {
        if sub == sup {
            return true;
        }
        match (sub, sup) {
            (Heap::Callable(_), Heap::Func) => true,
            (Heap::Func | Heap::Callable(_) | Heap::Extern, _) => false,
            (_, Heap::Any) => true,
            (Heap::Any, _) => false,
            (_, Heap::Eq) => true,
            (Heap::Object(at), Heap::Struct) => !self.0[at].is_array,
            (Heap::Object(at), Heap::Array) => self.0[at].is_array,
            (Heap::Object(at), _) => self.0[at]
                .above
                .is_some_and(|above| self.is_sub(Heap::Object(above), sup)),
            _ => false,
        }
    }

    /// The types of objects that match one.
    pub(super) fn objects_of(&self, heap: Heap) -> Vec<usize> {
        let all = 0..self.0.len();
        all.filter(|&at| self.is_sub(Heap::Object(at), heap))
            .collect()
    }

    /// Their definitions.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("(rec\n");
        for (at, object) in self.0.iter().enumerate() {
            let above = object
                .above
                .map_or(String::new(), |above| format!("$y{above} "));
            let fields: Vec<String> = object.fields.iter().map(ToString::to_string).collect();
            let fields: String = match object.is_array {
                true => format!("(array {})", fields[0]),
                false => format!(
                    "(struct {})",
                    fields
                        .iter()
                        .map(|field| format!("(field {field})"))
                        .collect::<String>()
                ),
            };
            text += &format!("  (type $y{at} (sub {above}{fields}))\n");
        }
        text + "  (type $u (func (param (ref null $y0)) (result anyref))))\n"
    }
}

const HEADS: [Heap; 9] = [
    Heap::Any,
    Heap::Eq,
    Heap::I31,
    Heap::Struct,
    Heap::Array,
    Heap::Extern,
    Heap::Func,
    Heap::Callable(0),
    Heap::Callable(1),
];

fn any_heap(random: &mut Random, n: usize) -> Heap {
    match random.below(2) == 0 && n > 0 {
        true => Heap::Object(random.below(n)),
        false => HEADS[random.below(HEADS.len())],
    }
}

/// Whether something that is not null can be made without going round in circles.
fn can_be_made(heap: Heap, end: usize) -> bool {
    match heap {
        Heap::Object(at) => at < end,
        // Functions can only be named where they are declared.
        Heap::Struct => end > 0,
        Heap::Array => false,
        _ => true,
    }
}

impl fmt::Display for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Heap::Any => f.write_str("any"),
            Heap::Eq => f.write_str("eq"),
            Heap::I31 => f.write_str("i31"),
            Heap::Struct => f.write_str("struct"),
            Heap::Array => f.write_str("array"),
            Heap::Extern => f.write_str("extern"),
            Heap::Func => f.write_str("func"),
            Heap::Callable(0) => f.write_str("$t"),
            Heap::Callable(_) => f.write_str("$u"),
            Heap::Object(at) => write!(f, "$y{at}"),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "null " } else { "" };
        write!(f, "(ref {null}{})", self.heap)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::I8 => f.write_str("i8"),
            Kind::I32 => f.write_str("i32"),
            Kind::Ref(place) => place.ty.fmt(f),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutable {
            true => write!(f, "(mut {})", self.kind),
            false => self.kind.fmt(f),
        }
    }
}
