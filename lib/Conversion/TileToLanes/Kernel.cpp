// Kernel.cpp - the function of a kernel: arguments, grid, shared memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

TargetLowering::~TargetLowering() = default;

LaneEmitter::LaneEmitter(tile::KernelOp kernel, const TargetLowering &target)
    : kernel(kernel), target(target), b(kernel.getLoc(), kernel.getContext()),
      prologue(kernel.getLoc(), kernel.getContext()) {}

LogicalResult LaneEmitter::run() {
  if (!llvm::hasSingleElement(kernel.getBody()))
    return kernel.emitOpError("expected a body of one block, but got ")
           << kernel.getBody().getBlocks().size();
  if (failed(checkLayouts()))
    return failure();
  createFunction();
  emitProgramIds();
  if (failed(emitBlock(kernel.getBody().front()))) {
    func.erase();
    if (zeroPage)
      zeroPage.erase();
    if (sharedGlobal)
      sharedGlobal.erase();
    return failure();
  }
  return finishFunction();
}

// Every tensor has a layout for this chip's waves, all for the same number.
LogicalResult LaneEmitter::checkLayouts() {
  std::optional<int64_t> waves;
  if (auto schedule =
          kernel->getAttrOfType<tile::ScheduleAttr>("tile.schedule"))
    if (auto grid = schedule.getFields().getAs<DenseI64ArrayAttr>("waves")) {
      waves = 1;
      for (int64_t count : grid.asArrayRef())
        *waves *= count;
    }
  auto check = [&](Operation *op, Type type) -> LogicalResult {
    if (!isa<TensorType>(type))
      return success();
    const Layout *layout = getLayout(type);
    if (!layout)
      return op->emitOpError("expected tensors with a #tile.layout, but got ")
             << type << "; run tile-assign-layouts first";
    if (layout->getNumLanes() != target.chip.waveSize)
      return op->emitOpError("expected a layout of ")
             << target.chip.waveSize << " lanes, as '" << target.chip.name
             << "' has, but got " << layout->getNumLanes() << " in " << type;
    if (!waves)
      waves = layout->getNumWaves();
    if (layout->getNumWaves() != *waves)
      return op->emitOpError("expected a layout of ")
             << *waves << " waves, but got " << layout->getNumWaves() << " in "
             << type;
    return success();
  };
  WalkResult result = kernel.getBody().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (failed(check(op, type)))
        return WalkResult::interrupt();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          if (failed(check(op, type)))
            return WalkResult::interrupt();
    if (auto alloc = dyn_cast<tile::AllocSharedOp>(op))
      sharedBytes = std::max<int64_t>(
          sharedBytes,
          alloc.getOffset().value_or(0) +
              cast<tile::SharedType>(alloc.getType()).getSizeInBytes());
    // Accumulators stay in vectors of the size that the instruction takes.
    if (auto mma = dyn_cast<tile::MmaOp>(op))
      if (std::optional<StringRef> name = mma.getAtom())
        if (const MmaAtom *atom = target.chip.findAtom(*name))
          maxChunk = std::max(maxChunk, atom->acc.getNumRegisters());
    return WalkResult::advance();
  });
  if (auto bytes = kernel->getAttrOfType<IntegerAttr>("tile.shared_bytes"))
    sharedBytes = std::max(sharedBytes, bytes.getInt());
  sharedBytes = llvm::alignTo(sharedBytes, 16);
  numWaves = waves.value_or(1);
  maxChunk = std::min<int64_t>(maxChunk, 16);
  if (numWaves * target.chip.waveSize > target.chip.maxThreadsPerWorkgroup)
    return kernel.emitOpError("needs ")
           << numWaves << " waves of " << target.chip.waveSize
           << " lanes per workgroup, but '" << target.chip.name << "' has "
           << target.chip.maxThreadsPerWorkgroup << " threads";
  return failure(result.wasInterrupted());
}

// Memrefs become a pointer, the dynamic sizes and, of strided ones, the
// dynamic strides (ABI: see docs).
void LaneEmitter::createFunction() {
  MLIRContext *context = kernel.getContext();
  Type i64Type = b.getI64Type(), i8Type = b.getI8Type();
  auto pointerType = LLVM::LLVMPointerType::get(context, 1);
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  for (auto [i, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      Type scalar = convertElement(type);
      types.push_back(scalar.isInteger(1) ? i8Type : scalar);
      attrs.push_back(b.getDictionaryAttr({}));
      continue;
    }
    SmallVector<NamedAttribute> facts;
    if (kernel.getArgAttr(i, "tile.noalias"))
      facts.push_back(b.getNamedAttr("llvm.noalias", b.getUnitAttr()));
    if (auto align = kernel.getArgAttrOfType<IntegerAttr>(i, "tile.align"))
      facts.push_back(b.getNamedAttr(
          "llvm.align",
          b.getI64IntegerAttr(std::min<int64_t>(align.getInt(), 4096))));
    types.push_back(pointerType);
    attrs.push_back(b.getDictionaryAttr(facts));
    auto bounds = kernel.getArgAttrOfType<DenseI64ArrayAttr>(i, "tile.at_most");
    for (auto [d, size] : llvm::enumerate(memref.getShape())) {
      if (!ShapedType::isDynamic(size))
        continue;
      types.push_back(i64Type);
      SmallVector<NamedAttribute> range;
      if (bounds && bounds[d] >= 0 &&
          bounds[d] < std::numeric_limits<int64_t>::max())
        range.push_back(b.getNamedAttr(
            "llvm.range",
            LLVM::ConstantRangeAttr::get(context, llvm::APInt(64, 0),
                                         llvm::APInt(64, bounds[d] + 1))));
      attrs.push_back(b.getDictionaryAttr(range));
    }
    int64_t words = 0;
    if (auto strided = dyn_cast<StridedLayoutAttr>(memref.getLayout()))
      words = llvm::count_if(strided.getStrides(), ShapedType::isDynamic);
    types.append(words, i64Type);
    attrs.append(words, b.getDictionaryAttr({}));
  }

  b.setInsertionPoint(kernel);
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types);
  func = LLVM::LLVMFuncOp::create(b, b.getLoc(), kernel.getSymName(), type,
                                  LLVM::Linkage::External, false,
                                  LLVM::CConv::C, {}, {}, attrs);
  target.setKernelAttributes(func, numWaves * target.chip.waveSize);
  Block *entry = func.addEntryBlock(b);
  body = b.createBlock(&func.getBody(), func.getBody().end());
  prologue.setInsertionPointToEnd(entry);
  auto branch = LLVM::BrOp::create(prologue, ValueRange(), body);
  prologue.setInsertionPoint(branch);
  b.setInsertionPointToEnd(body);

  unsigned next = 0;
  for (auto [arg, type] :
       llvm::zip(kernel.getBody().getArguments(), kernel.getArgumentTypes())) {
    Value value = entry->getArgument(next++);
    auto memrefType = dyn_cast<MemRefType>(type);
    if (!memrefType) {
      if (type.isInteger(1))
        value = LLVM::TruncOp::create(prologue, b.getI1Type(), value);
      set(arg, {value});
      continue;
    }
    MemRef memref;
    memref.pointer = value;
    for (auto [d, size] : llvm::enumerate(memrefType.getShape())) {
      Value passed =
          ShapedType::isDynamic(size) ? entry->getArgument(next++) : Value();
      // Equal sizes are one value: equal bounds are tested once.
      auto [same, dim] = kernel.getSizeOfSameName(arg.getArgNumber(), d);
      int64_t known =
          cast<MemRefType>(kernel.getArgumentTypes()[same]).getDimSize(*dim);
      if (!ShapedType::isDynamic(known))
        passed = i64(known);
      else if (same != arg.getArgNumber())
        passed = memrefs[kernel.getBody().getArgument(same)].sizes[*dim];
      else if (*dim != d)
        passed = memref.sizes[*dim];
      memref.sizes.push_back(passed);
    }
    int64_t rank = memrefType.getRank();
    memref.strides.resize(rank);
    memref.staticStrides.resize(rank);
    if (auto strided = dyn_cast<StridedLayoutAttr>(memrefType.getLayout())) {
      for (auto [d, stride] : llvm::enumerate(strided.getStrides())) {
        if (ShapedType::isDynamic(stride)) {
          memref.strides[d] = entry->getArgument(next++);
        } else {
          memref.strides[d] = i64(stride);
          memref.staticStrides[d] = stride;
        }
      }
    } else {
      Value stride = i64(1);
      std::optional<int64_t> known = 1;
      for (int64_t d = rank - 1; d >= 0; --d) {
        memref.strides[d] = known ? i64(*known) : stride;
        memref.staticStrides[d] = known;
        int64_t size = memrefType.getDimSize(d);
        if (known && !ShapedType::isDynamic(size))
          known = *known * size;
        else
          known = std::nullopt;
        if (d > 0)
          stride = arith::MulIOp::create(prologue, memref.strides[d],
                                         memref.sizes[d]);
      }
    }
    memrefs[arg] = std::move(memref);
  }

  thread = target.emitThreadId(prologue);
  int64_t waveSize = target.chip.waveSize;
  if (numWaves == 1) {
    lane = thread;
    wave = i32(0);
  } else {
    lane = arith::AndIOp::create(prologue, thread, i32(waveSize - 1));
    wave =
        arith::ShRUIOp::create(prologue, thread, i32(llvm::Log2_64(waveSize)));
    wave = target.emitUniform(prologue, wave);
  }
}

Value LaneEmitter::emitSymbol(StringRef name) {
  std::optional<tile::KernelOp::GridSymbol> symbol = kernel.findSymbol(name);
  assert(symbol && "the verifier finds all symbols");
  Value arg = kernel.getBody().getArgument(symbol->arg);
  if (symbol->dim)
    return memrefs[arg].sizes[*symbol->dim];
  Value value = getUniform(arg);
  if (value.getType().isInteger(64))
    return value;
  // i1 counts as 0 or 1.
  if (value.getType().isInteger(1))
    return arith::ExtUIOp::create(prologue, b.getI64Type(), value);
  return arith::ExtSIOp::create(prologue, b.getI64Type(), value);
}

// Rounding is that of affine maps: floordiv and mod toward minus infinity,
// ceildiv toward plus infinity; divisors are positive.
Value LaneEmitter::emitAffine(AffineExpr expr, ArrayRef<Value> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return i64(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = emitAffine(binary.getLHS(), symbols);
  Value rhs = emitAffine(binary.getRHS(), symbols);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(prologue, lhs, rhs);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(prologue, lhs, rhs);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(prologue, lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(prologue, lhs, rhs);
  default: {
    Value quotient = arith::FloorDivSIOp::create(prologue, lhs, rhs);
    return arith::SubIOp::create(
        prologue, lhs, arith::MulIOp::create(prologue, quotient, rhs));
  }
  }
}

// The hardware grid is linear, the first dimension of ours the fastest. It has
// fewer than 2^32 workgroups, so that its extents fit into 32 bits.
void LaneEmitter::emitProgramIds() {
  AffineMap map = kernel.getGridMap();
  SmallVector<Value> symbols;
  for (Attribute name : kernel.getGridSymbols())
    symbols.push_back(emitSymbol(cast<StringAttr>(name).getValue()));
  for (AffineExpr expr : map.getResults())
    gridExtents.push_back(emitAffine(expr, symbols));
  Value linear = target.emitWorkgroupId(prologue);
  Type i32Type = b.getI32Type(), i64Type = b.getI64Type();
  for (unsigned dim = 0, rank = map.getNumResults(); dim < rank; ++dim) {
    Value id = linear;
    if (dim + 1 < rank) {
      Value extent =
          arith::TruncIOp::create(prologue, i32Type, gridExtents[dim]);
      id = arith::RemUIOp::create(prologue, linear, extent);
      linear = arith::DivUIOp::create(prologue, linear, extent);
    }
    programIds.push_back(arith::ExtUIOp::create(prologue, i64Type, id));
  }
}

Value LaneEmitter::getSharedBase() {
  if (sharedBase)
    return sharedBase;
  OpBuilder::InsertionGuard guard(prologue);
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext(), 3);
  OpBuilder top(func);
  // The size is known at the end.
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
  std::string name = ("__shared_" + kernel.getSymName()).str();
  sharedGlobal = LLVM::GlobalOp::create(
      top, b.getLoc(), type, /*isConstant=*/false, LLVM::Linkage::Internal,
      name, Attribute(), /*alignment=*/128, /*addrSpace=*/3);
  sharedBase = LLVM::AddressOfOp::create(prologue, pointerType, name);
  return sharedBase;
}

LogicalResult LaneEmitter::finishFunction() {
  int64_t bytes = sharedBytes + scratchBytes;
  if (bytes > target.chip.sharedBytes) {
    auto error = kernel.emitOpError("needs ")
                 << bytes << " bytes of shared memory per workgroup, but '"
                 << target.chip.name << "' has " << target.chip.sharedBytes;
    func.erase();
    sharedGlobal.erase();
    return error;
  }
  if (sharedGlobal) {
    bool isDynamic = bytes > target.getStaticSharedLimit();
    sharedGlobal.setGlobalType(
        LLVM::LLVMArrayType::get(b.getI8Type(), isDynamic ? 0 : bytes));
    if (isDynamic) {
      sharedGlobal.setLinkage(LLVM::Linkage::External);
    } else {
      // A body makes it a definition; what it holds at first is undefined.
      OpBuilder init(sharedGlobal.getContext());
      Block *block = init.createBlock(&sharedGlobal.getInitializerRegion());
      init.setInsertionPointToEnd(block);
      Value poison = LLVM::PoisonOp::create(init, b.getLoc(),
                                            sharedGlobal.getGlobalType());
      LLVM::ReturnOp::create(init, b.getLoc(), poison);
    }
  }
  SmallVector<Operation *> divisions;
  func.walk([&](Operation *op) {
    if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op))
      divisions.push_back(op);
  });
  if (!divisions.empty()) {
    RewritePatternSet patterns(func.getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingOps);
    (void)applyOpPatternsGreedily(divisions, std::move(patterns), config);
  }
  SmallVector<Attribute> passthrough;
  if (ArrayAttr known = func.getPassthroughAttr())
    llvm::append_range(passthrough, known);
  passthrough.push_back(
      b.getStrArrayAttr({kSharedBytesFnAttr, std::to_string(bytes)}));
  passthrough.push_back(b.getStrArrayAttr(
      {kThreadsFnAttr, std::to_string(numWaves * target.chip.waveSize)}));
  func.setPassthroughAttr(b.getArrayAttr(passthrough));
  kernel.erase();
  return success();
}

LogicalResult tilewright::convertKernels(ModuleOp module,
                                         const TargetLowering &target) {
  bool hasFailed = false;
  for (auto kernel :
       llvm::make_early_inc_range(module.getOps<tile::KernelOp>())) {
    if (auto chip = kernel->getAttrOfType<StringAttr>("tile.chip"))
      if (chip.getValue() != target.chip.name) {
        kernel.emitOpError("has layouts for '")
            << chip.getValue() << "', but is converted for '"
            << target.chip.name << "'";
        hasFailed = true;
        continue;
      }
    hasFailed |= failed(LaneEmitter(kernel, target).run());
  }
  return failure(hasFailed);
}

const ChipInfo *tilewright::findConversionChip(ModuleOp module, StringRef name,
                                               Backend backend) {
  std::string fromKernel;
  if (name.empty())
    for (auto kernel : module.getOps<tile::KernelOp>())
      if (auto chip = kernel->getAttrOfType<StringAttr>("tile.chip")) {
        name = chip.getValue();
        break;
      }
  if (name.empty()) {
    module.emitError("expected a chip: set the option 'chip' or 'tile.chip' of "
                     "the kernel");
    return nullptr;
  }
  const ChipInfo *chip = lookupChip(name);
  if (!chip) {
    module.emitError(describeUnknownChip(name));
    return nullptr;
  }
  if (chip->backend != backend) {
    module.emitError("expected a chip of ")
        << (backend == Backend::AMDGPU ? "AMD" : "NVIDIA") << ", but got '"
        << chip->name << "'";
    return nullptr;
  }
  return chip;
}
