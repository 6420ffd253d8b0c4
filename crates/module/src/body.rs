//! One function body: validated operator by operator, while whoever consumes it goes along.
//!
//! Apart from decoding, because bodies are independent of each other and may be read on any thread, in any order.

use crate::convert::val_type;
use crate::fold::{Checked, Fold};
use crate::legacy::LegacyOp;
use crate::legacy::plan::Plan;
use crate::legacy::translate::Translator;
use crate::{Bytes, Catch, Error, FuncIdx, FuncType, Header, Op, Survey, ValType};
use std::iter;
use std::sync::Arc;
use wasmparser::{
    BinaryReader, FrameKind, FuncToValidate, FuncValidator, FuncValidatorAllocations,
    ValidatorResources, WasmFeatures,
};

/// A function body, to be validated while it is read. It can be sent to another thread; a copy shares the bytes.
pub struct FuncInput {
    header: Arc<Header>,
    bytes: Bytes,
    /// Where the bytes start in the file.
    offset: usize,
    func: FuncToValidate<ValidatorResources>,
    /// Whether it was validated before.
    is_valid: bool,
}

impl Clone for FuncInput {
    fn clone(&self) -> FuncInput {
        FuncInput {
            header: Arc::clone(&self.header),
            bytes: self.bytes.clone(),
            offset: self.offset,
            func: FuncToValidate {
                resources: self.func.resources.clone(),
                index: self.func.index,
                ty: self.func.ty,
                features: self.func.features,
            },
            is_valid: self.is_valid,
        }
    }
}

/// Memory that reading bodies reuses; one per thread.
///
/// It keeps the bytes of the last body alive until it reads another or is dropped.
#[derive(Default)]
pub struct ReadScratch {
    allocations: FuncValidatorAllocations,
    bytes: Option<Bytes>,
    locals: Vec<(u32, ValType)>,
    labels: Vec<u32>,
}

/// Reads the operators of one body; each is validated before it is returned.
pub struct BodyReader<'a> {
    header: Arc<Header>,
    func: FuncIdx,
    /// Where the body starts in the file.
    start: usize,
    reader: BinaryReader<'a>,
    /// There until the reader is dropped, unless the body was validated before.
    validator: Option<FuncValidator<ValidatorResources>>,
    allocations: &'a mut FuncValidatorAllocations,
    locals: &'a mut Vec<(u32, ValType)>,
    labels: &'a mut Vec<u32>,
    /// Set if that is one of the legacy encoding of exceptions.
    legacy: Option<LegacyOp>,
    /// There if the body has a legacy `try`.
    translator: Option<Translator>,
    ended: bool,
}

/// What the bodies of a module are validated with.
#[derive(Clone)]
pub(crate) struct BodyResources {
    resources: ValidatorResources,
    features: WasmFeatures,
}

impl BodyResources {
    pub(crate) fn of(func: &FuncToValidate<ValidatorResources>) -> BodyResources {
        BodyResources {
            resources: func.resources.clone(),
            features: func.features,
        }
    }

    pub(crate) fn func(
        &self,
        header: &Header,
        func: FuncIdx,
    ) -> FuncToValidate<ValidatorResources> {
        FuncToValidate {
            resources: self.resources.clone(),
            index: func.0,
            ty: header.funcs()[func.index()].0,
            features: self.features,
        }
    }
}

impl std::fmt::Debug for BodyResources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyResources").finish_non_exhaustive()
    }
}

impl FuncInput {
    pub(crate) fn new(
        header: Arc<Header>,
        bytes: Bytes,
        offset: usize,
        func: FuncToValidate<ValidatorResources>,
    ) -> FuncInput {
        FuncInput {
            header,
            bytes,
            offset,
            func,
            is_valid: false,
        }
    }

    /// The same body, to be read without validating it: it is one of a module all of whose bodies were validated before.
    ///
    /// Reading a body that is not valid then gives errors or nonsense, of which compilers make code that harms the host.
    pub fn trusted(self) -> FuncInput {
        FuncInput {
            is_valid: true,
            ..self
        }
    }

    /// The function whose body it is.
    pub fn func(&self) -> FuncIdx {
        FuncIdx(self.func.index)
    }

    /// What precedes the code of its module.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The size of the body in bytes.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Where the body starts in the file, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins to read the body.
    ///
    /// # Errors
    /// If the declarations of locals are malformed or invalid.
    pub fn read(self, scratch: &mut ReadScratch) -> Result<BodyReader<'_>, Error> {
        self.read_if(scratch, true)
    }

    /// Begins to read the body, of which a survey was made before: it tells whether to look ahead for legacy exceptions.
    ///
    /// # Errors
    /// If the declarations of locals are malformed or invalid.
    pub fn read_surveyed<'s>(
        self,
        survey: &Survey,
        scratch: &'s mut ReadScratch,
    ) -> Result<BodyReader<'s>, Error> {
        self.read_if(scratch, survey.has_legacy)
    }

    fn read_if(
        self,
        scratch: &mut ReadScratch,
        may_have_legacy: bool,
    ) -> Result<BodyReader<'_>, Error> {
        let mut body = self.open(scratch)?;
        if !may_have_legacy {
            return Ok(body);
        }
        let declared: u32 = body.locals.iter().map(|(count, _)| count).sum();
        let n_locals = body.func_type().params().len() as u32 + declared;
        body.translator = translator(&body.reader, &body.header, n_locals, body.locals)
            .map_err(|error| error.in_func(body.func))?;
        Ok(body)
    }

    /// Begins to read the body as it is in the file.
    fn open(self, scratch: &mut ReadScratch) -> Result<BodyReader<'_>, Error> {
        let FuncInput {
            header,
            bytes,
            offset,
            func,
            is_valid,
        } = self;
        let ReadScratch {
            allocations,
            bytes: kept,
            locals,
            labels,
        } = scratch;
        locals.clear();
        labels.clear();
        let index = FuncIdx(func.index);
        let features = func.features;
        let bytes: &[u8] = kept.insert(bytes);
        let mut body = BodyReader {
            header,
            func: index,
            start: offset,
            reader: BinaryReader::new_features(bytes, offset as u64, features),
            validator: (!is_valid).then(|| func.into_validator(std::mem::take(allocations))),
            allocations,
            locals,
            labels,
            legacy: None,
            translator: None,
            ended: false,
        };
        body.read_locals().map_err(|error| error.in_func(index))?;
        Ok(body)
    }

    /// Validates the body and nothing else, in the fastest way.
    ///
    /// # Errors
    /// If the body is malformed or invalid.
    pub fn validate(self, scratch: &mut ReadScratch) -> Result<(), Error> {
        if !self.header.may_have_legacy() {
            return self.read(scratch)?.validate_rest();
        }
        // Looking for legacy exceptions takes a second pass over the operators, and hardly any function has them: a function that
        // is valid where there are none needs no look.
        let without = FuncInput {
            header: self.header.clone(),
            bytes: self.bytes.clone(),
            offset: self.offset,
            func: FuncToValidate {
                resources: self.func.resources.clone(),
                index: self.func.index,
                ty: self.func.ty,
                features: self.func.features - WasmFeatures::LEGACY_EXCEPTIONS,
            },
            is_valid: false,
        };
        let valid = without
            .open(scratch)
            .and_then(|mut body| body.validate_rest());
        valid.or_else(|_| self.read(scratch)?.validate_rest())
    }
}

impl BodyReader<'_> {
    /// The function whose body it is.
    pub fn func(&self) -> FuncIdx {
        self.func
    }

    /// What precedes the code of its module.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The type of the function.
    pub fn func_type(&self) -> &FuncType {
        self.header.func_type(self.func)
    }

    /// The declared locals as runs of one type, parameters excluded, and behind them those that translating legacy exceptions
    /// adds. Runs may be empty.
    pub fn locals(&self) -> &[(u32, ValType)] {
        self.locals
    }

    /// The labels of an [`Op::BrTable`] that has been returned; the default is the last.
    ///
    /// # Panics
    /// If no returned operator has these labels.
    pub fn labels(&self, first: u32, count: u32) -> &[u32] {
        &self.labels[first as usize..][..count as usize]
    }

    /// The catches of an [`Op::TryTable`] that has been returned, in order.
    ///
    /// # Panics
    /// If no returned operator has these catches.
    pub fn catches(
        &self,
        first: u32,
        count: u16,
    ) -> impl DoubleEndedIterator<Item = Catch> + ExactSizeIterator + '_ {
        let words = usize::from(count) * Catch::WORDS;
        let words = &self.labels[first as usize..][..words];
        words.chunks_exact(Catch::WORDS).map(Catch::from_words)
    }

    /// Where the body starts in the file, in bytes: its declarations of locals.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Where the next operator starts in the file, in bytes.
    pub fn offset(&self) -> usize {
        self.reader.original_position() as usize
    }

    /// The next operator and its offset in the file, or `None` after the function's `end`.
    ///
    /// Operators after an unconditional branch are returned too. Those of the legacy encoding of exceptions are returned as
    /// others with the same effect, all at the same offset. The body is valid only once this has returned `None`.
    ///
    /// # Errors
    /// If the operator, or the end of the body, is malformed or invalid. Nothing more can be read then.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not lend labels in between"
    )]
    pub fn next(&mut self) -> Result<Option<(u32, Op)>, Error> {
        let mut op = Op::Nop;
        let offset = self.next_into(&mut op)?;
        Ok(offset.map(|offset| (offset, op)))
    }

    /// As [`BodyReader::next`], with the operator written where the consumer wants it: copying it takes longer than reading it.
    ///
    /// # Errors
    /// The same.
    #[inline]
    pub fn next_into(&mut self, op: &mut Op) -> Result<Option<u32>, Error> {
        if self.translator.is_some() {
            return self.next_translated(op);
        }
        let offset = self.reader.original_position() as u32;
        Ok(self.read_op(op)?.then_some(offset))
    }

    /// How many labels [`BodyReader::labels`] can give.
    #[cfg(test)]
    pub(crate) fn n_labels(&self) -> u32 {
        self.labels.len() as u32
    }

    /// What the validator says of the operand stack after the last operator returned.
    #[cfg(test)]
    pub(crate) fn operand_height(&self) -> u32 {
        self.validator
            .as_ref()
            .expect("kept until drop")
            .operand_stack_height()
    }

    /// Whether the validator says that the next operator can be reached; after the last one, yes.
    #[cfg(test)]
    pub(crate) fn reachable(&self) -> bool {
        let validator = self.validator.as_ref().expect("kept until drop");
        let mut frames = (0..).map_while(|depth| validator.get_control_frame(depth));
        frames.all(|frame| !frame.unreachable)
    }

    /// The next operator of a body with a legacy `try`.
    fn next_translated(&mut self, op: &mut Op) -> Result<Option<u32>, Error> {
        loop {
            let translator = self.translator.as_mut().expect("the body has one");
            if let Some((offset, next)) = translator.pop() {
                *op = next;
                return Ok(Some(offset));
            }
            let offset = self.reader.original_position() as u32;
            self.legacy = None;
            if !self.read_op(op)? {
                return Ok(None);
            }
            let translator = self.translator.as_mut().expect("the body has one");
            translator
                .push(offset, *op, self.legacy, self.labels, &self.header)
                .map_err(|error| error.at(offset as usize).in_func(self.func))?;
        }
    }

    /// Writes the next operator to `op`; gives false at the end.
    fn read_op(&mut self, op: &mut Op) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        let result = self.read_unended_op(op);
        if !matches!(result, Ok(true)) {
            self.ended = true;
        }
        result.map_err(|error| error.in_func(self.func))
    }

    #[inline]
    fn read_unended_op(&mut self, op: &mut Op) -> Result<bool, Error> {
        let Some(validator) = &mut self.validator else {
            return self.read_trusted_op(op);
        };
        let offset = self.reader.original_position();
        let validator = validator.visitor(offset);
        if self.reader.eof() {
            self.reader
                .finish_expression(&validator)
                .map_err(Error::malformed)?;
            return Ok(false);
        }
        let fold = Fold {
            op,
            legacy: &mut self.legacy,
            labels: self.labels,
            kinds: self.header.kinds(),
            frame: FrameKind::Block,
        };
        let mut visitor = Checked { validator, fold };
        let valid = self
            .reader
            .visit_operator(&mut visitor)
            .map_err(Error::malformed)?;
        valid.map_err(|error| error.at(offset as usize))?;
        Ok(true)
    }

    /// Reads an operator that was validated before.
    fn read_trusted_op(&mut self, op: &mut Op) -> Result<bool, Error> {
        if self.reader.eof() {
            return Ok(false);
        }
        let offset = self.reader.original_position();
        let frame = expected_frame(&self.reader);
        let mut fold = Fold {
            op,
            legacy: &mut self.legacy,
            labels: self.labels,
            kinds: self.header.kinds(),
            frame,
        };
        let folded = self
            .reader
            .visit_operator(&mut fold)
            .map_err(Error::malformed)?;
        folded.map_err(|error| error.at(offset as usize))?;
        Ok(true)
    }

    fn read_locals(&mut self) -> Result<(), Error> {
        let n_runs = self.reader.read_var_u32().map_err(Error::malformed)?;
        for _ in 0..n_runs {
            let offset = self.reader.original_position();
            let count = self.reader.read_var_u32().map_err(Error::malformed)?;
            let ty = self.reader.read().map_err(Error::malformed)?;
            if let Some(validator) = &mut self.validator {
                validator
                    .define_locals(offset, count, ty)
                    .map_err(Error::invalid)?;
            }
            self.locals.push((
                count,
                val_type(ty, self.header.kinds()).map_err(|error| error.at(offset as usize))?,
            ));
        }
        Ok(())
    }

    fn validate_rest(&mut self) -> Result<(), Error> {
        let func = self.func;
        self.validate_ops().map_err(|error| error.in_func(func))
    }

    fn validate_ops(&mut self) -> Result<(), Error> {
        let Some(validator) = &mut self.validator else {
            return Ok(());
        };
        let reader = &mut self.reader;
        while !reader.eof() {
            let mut visitor = validator.visitor(reader.original_position());
            let valid = reader
                .visit_operator(&mut visitor)
                .map_err(Error::malformed)?;
            valid.map_err(Error::invalid)?;
        }
        let visitor = validator.visitor(reader.original_position());
        reader.finish_expression(&visitor).map_err(Error::malformed)
    }
}

impl Drop for BodyReader<'_> {
    fn drop(&mut self) {
        if let Some(validator) = self.validator.take() {
            *self.allocations = validator.into_allocations();
        }
    }
}

/// The block in which the parser expects the next operator of a valid body, so that no stack of blocks need be kept for it.
fn expected_frame(reader: &BinaryReader<'_>) -> FrameKind {
    const ELSE: u8 = 0x05;
    const CATCH: u8 = 0x07;
    const DELEGATE: u8 = 0x18;
    const CATCH_ALL: u8 = 0x19;
    match reader.clone().read_u8() {
        Ok(ELSE) => FrameKind::If,
        Ok(CATCH | DELEGATE | CATCH_ALL) => FrameKind::LegacyTry,
        _ => FrameKind::Block,
    }
}

/// The greatest number of locals that validation accepts.
const LOCALS_MAX: u32 = 50_000;

/// Reads the operators of a body that was validated before, without validating them again.
///
/// Bytes that were not validated give errors or nonsense, but no panic.
pub(crate) struct TrustedReader<'a> {
    ops: wasmparser::OperatorsReader<'a>,
    header: &'a Header,
    locals: Vec<(u32, ValType)>,
    labels: Vec<u32>,
    translator: Option<Translator>,
}

impl<'a> TrustedReader<'a> {
    pub(crate) fn new(
        bytes: &'a [u8],
        offset: usize,
        header: &'a Header,
        func: FuncIdx,
    ) -> Result<TrustedReader<'a>, Error> {
        let features = header.features().to_parser();
        let mut reader = BinaryReader::new_features(bytes, offset as u64, features);
        let n_runs = reader.read_var_u32().map_err(Error::malformed)?;
        let mut locals = Vec::new();
        let mut n_locals: u32 = 0;
        for _ in 0..n_runs {
            let count = reader.read_var_u32().map_err(Error::malformed)?;
            n_locals = n_locals.saturating_add(count);
            if n_locals > LOCALS_MAX {
                return Err(Error::unvalidated(
                    "the locals of a function exceed the limit",
                ));
            }
            let ty = reader.read().map_err(Error::malformed)?;
            locals.push((count, val_type(ty, header.kinds())?));
        }
        let n_locals = header.func_type(func).params().len() as u32 + n_locals;
        let translator = translator(&reader, header, n_locals, &mut locals)?;
        Ok(TrustedReader {
            ops: wasmparser::OperatorsReader::new(reader),
            header,
            locals,
            labels: Vec::new(),
            translator,
        })
    }

    pub(crate) fn next(&mut self) -> Result<Option<(u32, Op)>, Error> {
        loop {
            if let Some(next) = self.translator.as_mut().and_then(Translator::pop) {
                return Ok(Some(next));
            }
            if self.ops.eof() {
                self.ops.finish().map_err(Error::malformed)?;
                return Ok(None);
            }
            let offset = self.ops.original_position() as u32;
            let (mut op, mut legacy) = (Op::Nop, None);
            let mut fold = Fold {
                op: &mut op,
                legacy: &mut legacy,
                labels: &mut self.labels,
                kinds: self.header.kinds(),
                frame: FrameKind::Block,
            };
            let folded = self
                .ops
                .visit_operator(&mut fold)
                .map_err(Error::malformed)?;
            folded.map_err(|error| error.at(offset as usize))?;
            let Some(translator) = &mut self.translator else {
                return Ok(Some((offset, op)));
            };
            translator.push(offset, op, legacy, &mut self.labels, self.header)?;
        }
    }

    /// The types of the locals that are no parameters, one each.
    pub(crate) fn locals(&self) -> impl Iterator<Item = ValType> {
        self.locals
            .iter()
            .flat_map(|&(count, ty)| iter::repeat_n(ty, count as usize))
    }

    /// The labels of all `br_table`s so far.
    pub(crate) fn labels(&self) -> &[u32] {
        &self.labels
    }
}

/// What translates the operators that follow, if there is a legacy `try` among them; adds the locals that it needs.
fn translator(
    reader: &BinaryReader<'_>,
    header: &Header,
    n_locals: u32,
    locals: &mut Vec<(u32, ValType)>,
) -> Result<Option<Translator>, Error> {
    if !header.may_have_legacy() {
        return Ok(None);
    }
    let plan = Plan::of(reader, header, n_locals)?;
    Ok(plan.map(|plan| {
        locals.extend(&plan.locals);
        Translator::new(plan, n_locals, reader.original_position() as u32)
    }))
}
