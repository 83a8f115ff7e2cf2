// Decoder.h - turns the LLVM IR of a kernel into a Program.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_EMULATOR_DECODER_H
#define TILEWRIGHT_LIB_EMULATOR_DECODER_H

#include "Program.h"
#include "Wave.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <map>

namespace tilewright {
namespace emulator {

/// One scalar of a type: container, width in bits, place in memory.
struct Scalar {
  Ty type;
  uint16_t bits;
  uint8_t bytes;
  uint32_t offset;
};
using Scalars = llvm::SmallVector<Scalar, 4>;

class Decoder {
public:
  Decoder(const llvm::Function &function, Program &program);
  llvm::Error decode();

private:
  // Types and values (Decoder.cpp).
  bool flatten(llvm::Type *type, Scalars &scalars, uint32_t offset = 0);
  Scalar scalarOf(const llvm::Value *value);
  Slots allocate(llvm::ArrayRef<Scalar> scalars);
  Slots get(const llvm::Value *value);
  Slots constantSlots(const llvm::Constant *constant);
  Slot constantSlot(uint64_t bits, uint8_t bytes);
  bool constantBits(const llvm::Constant *constant,
                    llvm::SmallVectorImpl<std::pair<uint64_t, uint8_t>> &out);
  bool evaluate(const llvm::Constant *constant, uint64_t &bits);
  void placeGlobals();
  bool placeArguments();

  // Emission.
  Inst &add(InstKind kind);
  /// dst[i] = fn(a[i], b[i], c[i]); one instruction per contiguous run.
  void emitLane(LaneFn fn, llvm::ArrayRef<Slot> dst,
                llvm::ArrayRef<llvm::ArrayRef<Slot>> operands, uint64_t imm);
  Slots defineLane(LaneFn fn, llvm::ArrayRef<Scalar> result,
                   llvm::ArrayRef<llvm::ArrayRef<Slot>> operands,
                   uint64_t imm = 0);
  /// Result is computed for all lanes, masked by the interpreter.
  void emitWave(WaveFn fn, llvm::ArrayRef<Slot> dst,
                std::vector<Slots> operands, uint64_t imm = 0,
                unsigned operation = 0);
  /// The operation masks itself.
  Access &emitEffect(WaveFn fn, std::vector<Slots> operands, uint64_t imm = 0,
                     InstKind kind = InstKind::Effect);
  void emitSpecial(const llvm::Instruction &inst, Special special);
  /// `slots` as a vector's worth of one scalar.
  static Slots splat(Slot slot, size_t count) { return Slots(count, slot); }
  void setResult(const llvm::Value &value, Slots slots) {
    values[&value] = std::move(slots);
  }
  Slots defineResult(const llvm::Instruction &inst);
  Slots reinterpret(llvm::ArrayRef<Slot> from, llvm::ArrayRef<Scalar> fromType,
                    llvm::ArrayRef<Scalar> toType);
  void setAccess(Access &access, llvm::ArrayRef<Slot> slots,
                 llvm::ArrayRef<Scalar> scalars, unsigned addressSpace,
                 uint64_t align);

  // Instructions; false: unknown.
  bool decodeBlock(const llvm::BasicBlock &block);
  bool decodeInst(const llvm::Instruction &inst);
  bool decodeBinary(const llvm::BinaryOperator &inst);
  bool decodeCompare(const llvm::CmpInst &inst);
  bool decodeCast(const llvm::CastInst &inst);
  bool decodeGep(const llvm::GetElementPtrInst &inst);
  bool decodeVectorInst(const llvm::Instruction &inst);
  bool decodeAggregate(const llvm::Instruction &inst);
  bool decodeMemory(const llvm::Instruction &inst);
  bool decodeAtomic(const llvm::Instruction &inst);
  bool decodeAlloca(const llvm::AllocaInst &inst);
  bool decodeTerminator(const llvm::Instruction &inst);
  uint32_t addEdge(const llvm::BasicBlock *from, const llvm::BasicBlock *to);
  bool decodeCall(const llvm::CallInst &call);
  bool decodeAsm(const llvm::CallInst &call);

  // Intrinsics of LLVM (DecodeIntrinsics.cpp).
  bool decodeGeneric(const llvm::IntrinsicInst &call);
  bool decodeFloatIntrinsic(const llvm::IntrinsicInst &call);
  bool decodeIntIntrinsic(const llvm::IntrinsicInst &call);
  bool decodeOverflow(const llvm::IntrinsicInst &call, LaneOp value,
                      LaneOp flag);
  bool decodeReduce(const llvm::IntrinsicInst &call);
  bool decodeMemIntrinsic(const llvm::IntrinsicInst &call);
  bool decodeMasked(const llvm::IntrinsicInst &call);
  bool mapLane(const llvm::CallInst &call, LaneOp op, unsigned operands,
               uint64_t imm = 0);
  /// Applies `op` to two values of scalars `type`, masks odd widths.
  Slots applyInt(LaneOp op, const Scalar &type, llvm::ArrayRef<Slot> a,
                 llvm::ArrayRef<Slot> b);

  // DecodeAmdgpu.cpp.
  bool decodeAmdgpu(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeAmdLanes(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeAmdMath(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeAmdConvert(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeAmdBuffer(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeAmdSync(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeMfma(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeWmma(const llvm::IntrinsicInst &call, llvm::StringRef name);
  Fp8 amdFp8(bool isBf8) const;

  // DecodeNvptx.cpp.
  bool decodeNvptx(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeNvLanes(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeNvMath(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeNvConvert(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeNvMemory(const llvm::IntrinsicInst &call, llvm::StringRef name);
  bool decodeMmaSync(const llvm::IntrinsicInst &call, llvm::StringRef name);

  // Matrix operands, common to both.
  void emitMma(const llvm::Instruction &inst, Mma mma);
  /// Conversion to double of a matrix element kind: "f16", "bf16", "f32",
  /// "f64", "tf32", "xf32", "fp8", ...; false: unknown or integer.
  bool setElement(MmaOperand &operand, llvm::StringRef kind);

  void unknown(const llvm::Instruction &inst, const llvm::Twine &what);

  const llvm::Function &function;
  const llvm::DataLayout &layout;
  Program &program;
  const LaneOps &ops;
  unsigned width;
  llvm::DenseMap<const llvm::Value *, Slots> values;
  llvm::DenseMap<const llvm::BasicBlock *, uint32_t> blockIndex;
  llvm::DenseMap<const llvm::GlobalVariable *, uint64_t> globalAddress;
  std::map<std::pair<uint64_t, uint8_t>, Slot> constantPool;
  /// What is unknown, with the first instruction that has it.
  std::vector<std::pair<std::string, std::string>> unknowns;
  const llvm::Instruction *current = nullptr;
};

/// Width in bits of registers of a type.
inline uint8_t bytesOf(Ty type) {
  switch (type) {
  case Ty::I8:
    return 1;
  case Ty::I16:
  case Ty::F16:
  case Ty::BF16:
    return 2;
  case Ty::I32:
  case Ty::F32:
    return 4;
  default:
    return 8;
  }
}
inline bool isFloat(Ty type) { return type >= Ty::F16; }
/// The integer container of a type.
inline Ty asInteger(Ty type) {
  switch (bytesOf(type)) {
  case 1:
    return Ty::I8;
  case 2:
    return Ty::I16;
  case 4:
    return Ty::I32;
  default:
    return Ty::I64;
  }
}
inline Scalar makeScalar(Ty type) {
  return {type, uint16_t(8 * bytesOf(type)), bytesOf(type), 0};
}

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_DECODER_H
