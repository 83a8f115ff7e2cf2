// TileTypes.cpp - types of the dialect `tile`, and which types are tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

#define GET_TYPEDEF_CLASSES
#include "tilewright/Dialect/Tile/IR/TileTypes.cpp.inc"

void TileDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "tilewright/Dialect/Tile/IR/TileTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Which types are tiles
//===----------------------------------------------------------------------===//

bool tile::isFp8Type(Type type) {
  return isa<Float8E4M3FNType, Float8E5M2Type, Float8E4M3FNUZType,
             Float8E5M2FNUZType>(type);
}

bool tile::isElementType(Type type) {
  if (isa<IndexType, Float64Type, Float32Type, Float16Type, BFloat16Type>(
          type) ||
      isFp8Type(type))
    return true;
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.isSignless() &&
         llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
}

/// Whether each dimension is static and at least 1 and the number of elements
/// is within the limit.
static bool isTileShape(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 1 || size > kMaxTileElements / elements)
      return false;
    elements *= size;
  }
  return true;
}

bool tile::isTileTensorType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() >= 1 && isTileShape(tensor.getShape()) &&
         isElementType(tensor.getElementType());
}

bool tile::isTileType(Type type) {
  return isElementType(type) || isTileTensorType(type);
}

bool tile::isMemoryType(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || memref.getMemorySpace() ||
      isa<IndexType>(memref.getElementType()) ||
      !isElementType(memref.getElementType()))
    return false;
  if (memref.getLayout().isIdentity())
    return true;
  auto strided = dyn_cast<StridedLayoutAttr>(memref.getLayout());
  return strided && strided.getOffset() == 0;
}

bool tile::isGatherIndexType(Type type) {
  if (isa<IndexType>(type))
    return true;
  if (!isTileTensorType(type))
    return false;
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() || element.isInteger(32) || element.isInteger(64);
}

int64_t tile::getElementBytes(Type elementType) {
  if (elementType.isIndex())
    return 8;
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

ArrayRef<int64_t> tile::getTileShape(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getShape();
  return {};
}

int64_t tile::getTileElements(Type type) {
  return ShapedType::getNumElements(getTileShape(type));
}

Type tile::getTileType(ArrayRef<int64_t> shape, Type elementType) {
  if (shape.empty())
    return elementType;
  return RankedTensorType::get(shape, elementType);
}

LayoutAttr tile::getLayoutAttr(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return dyn_cast_or_null<LayoutAttr>(tensor.getEncoding());
  return {};
}

//===----------------------------------------------------------------------===//
// SharedType
//===----------------------------------------------------------------------===//

Type SharedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  PaddedAttr layout;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType))
    return {};
  if (succeeded(parser.parseOptionalComma()) && parser.parseAttribute(layout))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    shape, elementType, layout);
}

void SharedType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType();
  if (getLayout())
    printer << ", " << getLayout();
  printer << '>';
}

LogicalResult SharedType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape, Type elementType,
                                 PaddedAttr layout) {
  // shared C1
  if (shape.empty())
    return emitError() << "expected a shared buffer of rank 1 or more";
  if (llvm::any_of(shape, [](int64_t size) { return size < 1; }))
    return emitError() << "expected each dimension of a shared buffer to be at "
                          "least 1";
  // shared C2
  if (!isTileShape(shape))
    return emitError() << "expected a shared buffer of at most "
                       << kMaxTileElements << " elements";
  if (!isElementType(elementType))
    return emitError() << "expected a shared buffer of an element type of "
                          "tiles, but got "
                       << elementType;
  // shared C3
  if (layout && layout.getOrder().size() != shape.size())
    return emitError() << "expected a layout of rank " << shape.size()
                       << " like the buffer, but got rank "
                       << layout.getOrder().size();
  return success();
}

int64_t SharedType::getNumElements() const {
  return ShapedType::getNumElements(getShape());
}

/// Address of linear index `index`, in elements.
static int64_t addPadding(PaddedAttr layout, int64_t index) {
  return layout ? index + index / layout.getInterval() * layout.getPad()
                : index;
}

int64_t SharedType::getSizeInBytes() const {
  return (addPadding(getLayout(), getNumElements() - 1) + 1) *
         getElementBytes(getElementType());
}

SmallVector<int64_t> SharedType::getOrder() const {
  if (getLayout())
    return llvm::to_vector(getLayout().getOrder());
  SmallVector<int64_t> order(getRank());
  std::iota(order.rbegin(), order.rend(), 0);
  return order;
}

int64_t SharedType::getElementOffset(ArrayRef<int64_t> position) const {
  int64_t index = 0, stride = 1;
  for (int64_t dim : getOrder()) {
    index += position[dim] * stride;
    stride *= getShape()[dim];
  }
  return addPadding(getLayout(), index);
}
