// Term.h - formulas over scalars, vectors and tiles, written as C++.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `a * b + 1.0` on Terms emits arith.mulf, arith.constant and arith.addf of
// whatever shape `a` has. No fast-math flags are set: the order of operations
// in a formula is the order that runs.

#ifndef TILEWRIGHT_LIB_CONVERSION_NUMERICS_TERM_H
#define TILEWRIGHT_LIB_CONVERSION_NUMERICS_TERM_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tilewright::numerics {

/// A value and the builder that computes with it. Float and integer operators
/// follow the element type; integers are signless.
class Term {
public:
  Term(mlir::ImplicitLocOpBuilder &builder, mlir::Value value)
      : builder(&builder), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::Value getValue() const { return value; }
  mlir::ImplicitLocOpBuilder &b() const { return *builder; }
  mlir::Type getElementType() const {
    return mlir::getElementTypeOrSelf(value.getType());
  }
  unsigned getBits() const { return getElementType().getIntOrFloatBitWidth(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(getElementType()); }

  /// The type of this shape with another element type.
  mlir::Type like(mlir::Type element) const {
    if (auto shaped = mlir::dyn_cast<mlir::ShapedType>(value.getType()))
      return shaped.clone(element);
    return element;
  }
  mlir::Type intType(unsigned bits) const {
    return mlir::IntegerType::get(builder->getContext(), bits);
  }

  /// A constant of this shape and element type.
  Term constant(double number) const {
    return splat(mlir::FloatAttr::get(getElementType(), number));
  }
  Term constant(const llvm::APFloat &number) const {
    return splat(mlir::FloatAttr::get(getElementType(), number));
  }
  Term integer(uint64_t number) const {
    return splat(mlir::IntegerAttr::get(
        getElementType(), llvm::APInt(getBits(), number, /*isSigned=*/false,
                                      /*implicitTrunc=*/true)));
  }

  /// The bits as an integer of the same width, and back.
  Term bits() const { return bitcast(intType(getBits())); }
  Term bitcast(mlir::Type element) const {
    if (element == getElementType())
      return *this;
    return make<mlir::arith::BitcastOp>(like(element), value);
  }
  /// Integer width changes.
  Term zext(unsigned bits) const { return resize<mlir::arith::ExtUIOp>(bits); }
  Term sext(unsigned bits) const { return resize<mlir::arith::ExtSIOp>(bits); }
  Term trunc(unsigned bits) const {
    return resize<mlir::arith::TruncIOp>(bits);
  }
  /// Native conversions between f64, f32, f16.
  Term extf(mlir::Type element) const {
    return make<mlir::arith::ExtFOp>(like(element), value);
  }
  Term truncf(mlir::Type element) const {
    return make<mlir::arith::TruncFOp>(like(element), value);
  }
  Term sitofp(mlir::Type element) const {
    return make<mlir::arith::SIToFPOp>(like(element), value);
  }
  Term uitofp(mlir::Type element) const {
    return make<mlir::arith::UIToFPOp>(like(element), value);
  }

  template <typename OpTy, typename... Args> Term make(Args &&...args) const {
    return Term(*builder, OpTy::create(*builder, std::forward<Args>(args)...));
  }

private:
  Term splat(mlir::TypedAttr scalar) const {
    if (auto shaped = mlir::dyn_cast<mlir::ShapedType>(value.getType()))
      return make<mlir::arith::ConstantOp>(mlir::cast<mlir::TypedAttr>(
          mlir::DenseElementsAttr::get(shaped, mlir::Attribute(scalar))));
    return make<mlir::arith::ConstantOp>(scalar);
  }
  template <typename OpTy> Term resize(unsigned bits) const {
    if (bits == getBits())
      return *this;
    return make<OpTy>(like(intType(bits)), value);
  }

  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;
};

/// A number that takes the element type of the term beside it.
struct Number {
  Number(double number) : real(number) {}
  Number(const llvm::APFloat &number) : real(number) {}
  template <typename Int, typename = std::enable_if_t<std::is_integral_v<Int>>>
  Number(Int number) : real(double(number)), whole(number), isWhole(true) {}

  Term as(const Term &like) const {
    assert((isWhole || like.isFloat()) && "real number beside an integer");
    if (!like.isFloat())
      return like.integer(whole);
    llvm::APFloat converted = real;
    bool lossy;
    converted.convert(
        mlir::cast<mlir::FloatType>(like.getElementType()).getFloatSemantics(),
        llvm::APFloat::rmNearestTiesToEven, &lossy);
    return like.constant(converted);
  }

  llvm::APFloat real = llvm::APFloat(0.0);
  uint64_t whole = 0;
  bool isWhole = false;
};

#define TILEWRIGHT_TERM_OPERATOR(symbol, FloatOp, IntOp)                       \
  inline Term operator symbol(const Term &a, const Term &b) {                  \
    return a.isFloat() ? a.make<mlir::arith::FloatOp>(a, b)                    \
                       : a.make<mlir::arith::IntOp>(a, b);                     \
  }                                                                            \
  inline Term operator symbol(const Term &a, const Number &b) {                \
    return a symbol b.as(a);                                                   \
  }                                                                            \
  inline Term operator symbol(const Number &a, const Term &b) {                \
    return a.as(b) symbol b;                                                   \
  }
TILEWRIGHT_TERM_OPERATOR(+, AddFOp, AddIOp)
TILEWRIGHT_TERM_OPERATOR(-, SubFOp, SubIOp)
TILEWRIGHT_TERM_OPERATOR(*, MulFOp, MulIOp)
TILEWRIGHT_TERM_OPERATOR(/, DivFOp, DivUIOp)
#undef TILEWRIGHT_TERM_OPERATOR

#define TILEWRIGHT_TERM_OPERATOR(symbol, IntOp)                                \
  inline Term operator symbol(const Term &a, const Term &b) {                  \
    return a.make<mlir::arith::IntOp>(a, b);                                   \
  }                                                                            \
  inline Term operator symbol(const Term &a, const Number &b) {                \
    return a symbol b.as(a);                                                   \
  }
TILEWRIGHT_TERM_OPERATOR(&, AndIOp)
TILEWRIGHT_TERM_OPERATOR(|, OrIOp)
TILEWRIGHT_TERM_OPERATOR(^, XOrIOp)
TILEWRIGHT_TERM_OPERATOR(<<, ShLIOp)
TILEWRIGHT_TERM_OPERATOR(>>, ShRUIOp)
#undef TILEWRIGHT_TERM_OPERATOR

/// Arithmetic (sign-filling) shift right.
inline Term ashr(const Term &a, const Number &b) {
  return a.make<mlir::arith::ShRSIOp>(a, b.as(a));
}

inline Term operator-(const Term &a) {
  return a.isFloat() ? a.make<mlir::arith::NegFOp>(a) : Number(0) - a;
}

/// Comparisons. `lt`... on floats are ordered (false on NaN), on integers
/// signed; `ult`... are unsigned.
#define TILEWRIGHT_TERM_COMPARE(name, floatPredicate, intPredicate)            \
  inline Term name(const Term &a, const Term &b) {                             \
    return a.isFloat() ? a.make<mlir::arith::CmpFOp>(                          \
                             mlir::arith::CmpFPredicate::floatPredicate, a, b) \
                       : a.make<mlir::arith::CmpIOp>(                          \
                             mlir::arith::CmpIPredicate::intPredicate, a, b);  \
  }                                                                            \
  inline Term name(const Term &a, const Number &b) { return name(a, b.as(a)); }
TILEWRIGHT_TERM_COMPARE(eq, OEQ, eq)
TILEWRIGHT_TERM_COMPARE(ne, UNE, ne)
TILEWRIGHT_TERM_COMPARE(lt, OLT, slt)
TILEWRIGHT_TERM_COMPARE(le, OLE, sle)
TILEWRIGHT_TERM_COMPARE(gt, OGT, sgt)
TILEWRIGHT_TERM_COMPARE(ge, OGE, sge)
TILEWRIGHT_TERM_COMPARE(ult, ULT, ult)
TILEWRIGHT_TERM_COMPARE(ule, ULE, ule)
TILEWRIGHT_TERM_COMPARE(ugt, UGT, ugt)
TILEWRIGHT_TERM_COMPARE(uge, UGE, uge)
#undef TILEWRIGHT_TERM_COMPARE

inline Term isNaN(const Term &a) {
  return a.make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::UNO, a, a);
}

inline Term select(const Term &condition, const Term &a, const Term &b) {
  return a.make<mlir::arith::SelectOp>(condition, a, b);
}
inline Term select(const Term &condition, const Term &a, const Number &b) {
  return select(condition, a, b.as(a));
}
inline Term select(const Term &condition, const Number &a, const Term &b) {
  return select(condition, a.as(b), b);
}

/// `a * b + c`, rounded once.
inline Term fma(const Term &a, const Term &b, const Term &c) {
  return a.make<mlir::math::FmaOp>(a, b, c);
}
inline Term fma(const Term &a, const Number &b, const Term &c) {
  return fma(a, b.as(a), c);
}
inline Term fma(const Term &a, const Term &b, const Number &c) {
  return fma(a, b, c.as(a));
}
inline Term fma(const Term &a, const Number &b, const Number &c) {
  return fma(a, b.as(a), c.as(a));
}
inline Term fabs(const Term &a) { return a.make<mlir::math::AbsFOp>(a); }
inline Term sqrt(const Term &a) { return a.make<mlir::math::SqrtOp>(a); }
inline Term copysign(const Term &magnitude, const Term &sign) {
  return magnitude.make<mlir::math::CopySignOp>(magnitude, sign);
}

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule with fma.
inline Term polynomial(const Term &x, llvm::ArrayRef<double> coefficients) {
  Term sum = Number(coefficients.back()).as(x);
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, c);
  return sum;
}

} // namespace tilewright::numerics

#endif // TILEWRIGHT_LIB_CONVERSION_NUMERICS_TERM_H
