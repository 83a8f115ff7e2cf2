// KernelFacts.cpp - the chip and the schedule of a kernel, checked.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelFacts.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright::tile {

int64_t Schedule::getNumWaves() const {
  int64_t product = 1;
  for (int64_t count : waves)
    product *= count;
  return product;
}

const ChipInfo *getChip(KernelOp kernel) {
  auto name = kernel->getAttrOfType<StringAttr>(kChipAttr);
  if (!name) {
    kernel.emitError() << "kernel '" << kernel.getSymName()
                       << "' has no 'tile.chip'; run 'tile-choose-schedule' "
                          "with the option 'chip'";
    return nullptr;
  }
  const ChipInfo *chip = lookupChip(name.getValue());
  if (!chip) {
    kernel.emitError() << describeUnknownChip(name.getValue());
    return nullptr;
  }
  if (!chip->isGpu()) {
    kernel.emitError() << "expected the chip of a GPU, but got \""
                       << name.getValue() << "\"";
    return nullptr;
  }
  return chip;
}

/// The field `name` as an attribute of type `AttrT`; null where it is missing.
template <typename AttrT>
static FailureOr<AttrT> getField(KernelOp kernel, DictionaryAttr fields,
                                 StringRef name, StringRef expected) {
  Attribute attr = fields.get(name);
  if (!attr)
    return AttrT();
  if (auto typed = dyn_cast<AttrT>(attr))
    return typed;
  return kernel.emitError()
         << "expected field '" << name << "' of 'tile.schedule' to be "
         << expected << ", but got " << attr;
}

FailureOr<Schedule> readSchedule(KernelOp kernel, const ChipInfo &chip) {
  Schedule schedule;
  Attribute attr = kernel->getAttr(kScheduleAttr);
  if (!attr)
    return schedule;
  auto typed = dyn_cast<ScheduleAttr>(attr);
  if (!typed)
    return kernel.emitError()
           << "expected 'tile.schedule' to be a #tile.schedule, but got "
           << attr;
  DictionaryAttr fields = typed.getFields();
  struct {
    StringRef name;
    std::string *value;
  } texts[] = {{"kind", &schedule.kind},
               {"operands", &schedule.operands},
               {"stores", &schedule.stores},
               {"atom", &schedule.atom}};
  for (auto &text : texts) {
    auto value = getField<StringAttr>(kernel, fields, text.name, "a string");
    if (failed(value))
      return failure();
    if (*value)
      *text.value = value->getValue().str();
  }
  auto waves =
      getField<DenseI64ArrayAttr>(kernel, fields, "waves", "an array of i64");
  auto bytes =
      getField<IntegerAttr>(kernel, fields, "vector_bytes", "an integer");
  if (failed(waves) || failed(bytes))
    return failure();
  if (*waves) {
    schedule.waves.assign(waves->asArrayRef().begin(),
                          waves->asArrayRef().end());
    if (schedule.waves.empty())
      return kernel.emitError() << "expected 1 or 2 counts of waves, but got 0";
  }
  if (*bytes) {
    schedule.vectorBytes = bytes->getValue().getSExtValue();
    if (schedule.vectorBytes < 1)
      return kernel.emitError()
             << "expected 'vector_bytes' to be a power of two of at most "
             << chip.maxGlobalAccessBytes << ", but got "
             << schedule.vectorBytes;
  }
  if (failed(checkSchedule(kernel, schedule, chip)))
    return failure();
  return schedule;
}

LogicalResult checkSchedule(KernelOp kernel, const Schedule &schedule,
                            const ChipInfo &chip) {
  auto checkChoice = [&](StringRef name, StringRef value,
                         ArrayRef<StringRef> choices) -> LogicalResult {
    if (value.empty() || llvm::is_contained(choices, value))
      return success();
    auto diag = kernel.emitError() << "expected '" << name << "' to be ";
    llvm::interleave(
        choices, [&](StringRef choice) { diag << "\"" << choice << "\""; },
        [&] { diag << " or "; });
    return diag << ", but got \"" << value << "\"";
  };
  if (failed(checkChoice("kind", schedule.kind, {"simple"})) ||
      failed(
          checkChoice("operands", schedule.operands, {"shared", "direct"})) ||
      failed(checkChoice("stores", schedule.stores, {"shared", "direct"})))
    return failure();
  if (schedule.waves.size() > 2)
    return kernel.emitError() << "expected 1 or 2 counts of waves, but got "
                              << schedule.waves.size();
  int64_t limit = std::max<int64_t>(1, chip.maxThreadsPerWorkgroup /
                                           std::max<int64_t>(1, chip.waveSize));
  int64_t product = 1;
  for (int64_t count : schedule.waves) {
    if (count < 1 || count > limit)
      return kernel.emitError()
             << "expected a count of waves in [1, " << limit << "] on '"
             << chip.name << "', but got " << count;
    product *= count;
  }
  if (product > limit)
    return kernel.emitError()
           << "expected at most " << limit << " waves per workgroup on '"
           << chip.name << "', but got " << product;
  if (schedule.vectorBytes &&
      (!llvm::isPowerOf2_64(schedule.vectorBytes) ||
       schedule.vectorBytes > std::max<int64_t>(4, chip.maxGlobalAccessBytes)))
    return kernel.emitError()
           << "expected 'vector_bytes' to be a power of two of at most "
           << chip.maxGlobalAccessBytes << ", but got " << schedule.vectorBytes;
  if (!schedule.atom.empty() && !chip.findAtom(schedule.atom))
    return kernel.emitError() << "'" << chip.name << "' has no mma atom \""
                              << schedule.atom << "\"";
  return success();
}

void writeSchedule(KernelOp kernel, const Schedule &schedule) {
  Builder builder(kernel.getContext());
  NamedAttrList fields;
  if (auto old = kernel->getAttrOfType<ScheduleAttr>(kScheduleAttr))
    fields = NamedAttrList(old.getFields());
  fields.set("kind", builder.getStringAttr(schedule.kind));
  fields.set("waves", builder.getDenseI64ArrayAttr(schedule.waves));
  fields.set("vector_bytes", builder.getI64IntegerAttr(schedule.vectorBytes));
  fields.set("operands", builder.getStringAttr(schedule.operands));
  fields.set("stores", builder.getStringAttr(schedule.stores));
  if (!schedule.atom.empty())
    fields.set("atom", builder.getStringAttr(schedule.atom));
  kernel->setAttr(kScheduleAttr,
                  ScheduleAttr::get(kernel.getContext(),
                                    fields.getDictionary(kernel.getContext())));
}

void eraseDeadOperations(KernelOp kernel) {
  // In reverse: users before what they use, bodies before what holds them.
  SmallVector<Operation *> ops;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (op != kernel && isOpTriviallyDead(op))
      op->erase();
}

std::optional<ElementKind> getElementKind(Type type) {
  std::string name;
  llvm::raw_string_ostream os(name);
  getElementTypeOrSelf(type).print(os);
  return parseElementKind(name);
}

const MmaAtom *chooseAtom(MmaOp op, const ChipInfo &chip, StringRef preferred) {
  auto lhs = getElementKind(op.getLhs().getType());
  auto rhs = getElementKind(op.getRhs().getType());
  auto acc = getElementKind(op.getAcc().getType());
  if (!lhs || !rhs || !acc)
    return nullptr;
  // Tf32 permits the faster atoms, which are tried first.
  SmallVector<const MmaAtom *, 4> atoms;
  if (op.getAllowTf32() && *lhs == ElementKind::F32)
    atoms = chip.findAtoms(ElementKind::TF32, ElementKind::TF32, *acc);
  llvm::append_range(atoms, chip.findAtoms(*lhs, *rhs, *acc));
  ArrayRef<int64_t> shape = op.getAcc().getType().getShape();
  int64_t m = shape[shape.size() - 2], n = shape.back();
  int64_t k = op.getLhs().getType().getShape().back();
  const MmaAtom *best = nullptr;
  int64_t bestElements = 0;
  for (const MmaAtom *atom : atoms) {
    if (atom->name == preferred)
      return atom;
    // Padding is work for nothing: the least of it, then the chip's order.
    int64_t elements = llvm::alignTo(m, atom->m) * llvm::alignTo(n, atom->n) *
                       llvm::alignTo(k, atom->k);
    if (!best || elements < bestElements) {
      best = atom;
      bestElements = elements;
    }
  }
  return best;
}

} // namespace tilewright::tile
