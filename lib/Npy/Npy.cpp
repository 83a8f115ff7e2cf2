// Npy.cpp - reads and writes NumPy's array files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Npy/Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>
#include <optional>

namespace tilewright {
namespace {

constexpr llvm::StringLiteral magic = "\x93NUMPY";
/// NumPy has 32 dimensions, 64 from version 2 on.
constexpr size_t maxRank = 64;

/// The header's text: a Python dictionary of three keys, in any order.
class HeaderParser {
public:
  HeaderParser(llvm::StringRef text, llvm::StringRef name)
      : rest(text), name(name) {}

  llvm::Error parse(NpyArray &array);

private:
  llvm::Error error(const llvm::Twine &message) {
    return llvm::createStringError("'" + name + "': " + message);
  }
  bool consume(llvm::StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  std::optional<llvm::StringRef> parseString();
  llvm::Error parseDescr(NpyArray &array);
  llvm::Error parseShape(NpyArray &array);

  llvm::StringRef rest;
  llvm::StringRef name;
};

std::optional<llvm::StringRef> HeaderParser::parseString() {
  rest = rest.ltrim();
  if (rest.empty() || (rest.front() != '\'' && rest.front() != '"'))
    return std::nullopt;
  size_t end = rest.find(rest.front(), 1);
  if (end == llvm::StringRef::npos)
    return std::nullopt;
  llvm::StringRef text = rest.slice(1, end);
  rest = rest.drop_front(end + 1);
  return text;
}

llvm::Error HeaderParser::parseDescr(NpyArray &array) {
  std::optional<llvm::StringRef> text = parseString();
  if (!text)
    return error("expected one element type, but got a record");
  llvm::StringRef descr = *text;
  char order = descr.empty() ? '\0' : descr.front();
  if (order == '<' || order == '>' || order == '|' || order == '=')
    descr = descr.drop_front();
  if (descr.empty() || !llvm::StringRef("fiubV").contains(descr.front()))
    return error("expected elements that are floats, integers, bools or bytes, "
                 "but got '" + *text + "'");
  array.kind = descr.front();
  if (descr.drop_front().getAsInteger(10, array.itemBytes) ||
      array.itemBytes < 1 || array.itemBytes > 16)
    return error("expected elements of 1 to 16 bytes, but got '" + *text + "'");
  if (order == '>' && array.itemBytes > 1)
    return error("expected little-endian elements, but got '" + *text +
                 "'; save a copy made with .astype('<...')");
  return llvm::Error::success();
}

llvm::Error HeaderParser::parseShape(NpyArray &array) {
  if (!consume("("))
    return error("expected a shape in parentheses");
  while (!consume(")")) {
    rest = rest.ltrim();
    int64_t size = 0;
    if (rest.consumeInteger(10, size) || size < 0)
      return error("expected sizes of at least 0 in the shape");
    // Python 2 wrote long integers.
    rest.consume_front("L");
    if (array.shape.size() == maxRank)
      return error("expected at most " + llvm::Twine(maxRank) + " dimensions");
    array.shape.push_back(size);
    if (!consume(",")) {
      if (!consume(")"))
        return error("expected ',' or ')' in the shape");
      break;
    }
  }
  return llvm::Error::success();
}

llvm::Error HeaderParser::parse(NpyArray &array) {
  if (!consume("{"))
    return error("expected a dictionary in the header");
  bool hasDescr = false, hasOrder = false, hasShape = false;
  while (!consume("}")) {
    std::optional<llvm::StringRef> key = parseString();
    if (!key || !consume(":"))
      return error("expected a key in the header");
    if (*key == "descr" && !hasDescr) {
      if (llvm::Error failure = parseDescr(array))
        return failure;
      hasDescr = true;
    } else if (*key == "fortran_order" && !hasOrder) {
      if (consume("True")) {
        return error("expected row-major order, but got column-major; save a "
                     "copy made with numpy.ascontiguousarray");
      }
      if (!consume("False"))
        return error("expected True or False for 'fortran_order'");
      hasOrder = true;
    } else if (*key == "shape" && !hasShape) {
      if (llvm::Error failure = parseShape(array))
        return failure;
      hasShape = true;
    } else {
      return error("unexpected key '" + *key + "' in the header");
    }
    if (!consume(",")) {
      if (!consume("}"))
        return error("expected ',' or '}' in the header");
      break;
    }
  }
  if (!rest.trim().empty())
    return error("unexpected text behind the header's dictionary");
  if (!hasDescr || !hasOrder || !hasShape)
    return error("expected 'descr', 'fortran_order' and 'shape' in the header");
  return llvm::Error::success();
}

/// Bytes of all elements, or nothing where they overflow.
std::optional<int64_t> getNumBytes(llvm::ArrayRef<int64_t> shape,
                                   int64_t itemBytes) {
  // A zero anywhere makes the product zero, whatever the others are.
  if (llvm::is_contained(shape, 0))
    return 0;
  std::optional<int64_t> bytes = itemBytes;
  for (int64_t size : shape)
    if (bytes)
      bytes = llvm::checkedMul(*bytes, size);
  return bytes;
}

} // namespace

int64_t NpyArray::getNumElements() const {
  return static_cast<int64_t>(data.size()) / itemBytes;
}

std::string NpyArray::getDescr() const {
  bool hasOrder = itemBytes > 1 && kind != 'V';
  return std::string(hasOrder ? "<" : "|") + kind + std::to_string(itemBytes);
}

llvm::Expected<NpyArray> parseNpy(llvm::StringRef bytes, llvm::StringRef name) {
  auto error = [&](const llvm::Twine &message) {
    return llvm::createStringError("'" + name + "': " + message);
  };
  if (!bytes.starts_with(magic))
    return error("expected a NumPy array file, but its first bytes are others");
  if (bytes.size() < 10)
    return error("file ends within the header");
  unsigned version = static_cast<uint8_t>(bytes[6]);
  if (version < 1 || version > 3)
    return error("expected format version 1 to 3, but got " +
                 llvm::Twine(version));
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + lengthBytes)
    return error("file ends within the header");
  size_t headerBytes =
      version == 1 ? llvm::support::endian::read16le(bytes.data() + 8)
                   : llvm::support::endian::read32le(bytes.data() + 8);
  llvm::StringRef body = bytes.drop_front(8 + lengthBytes);
  if (body.size() < headerBytes)
    return error("file ends within the header");

  NpyArray array;
  if (llvm::Error failure =
          HeaderParser(body.take_front(headerBytes), name).parse(array))
    return std::move(failure);
  body = body.drop_front(headerBytes);
  std::optional<int64_t> numBytes = getNumBytes(array.shape, array.itemBytes);
  if (!numBytes || static_cast<uint64_t>(*numBytes) != body.size())
    return error("expected " +
                 (numBytes ? std::to_string(*numBytes) : "too many") +
                 " bytes of elements, but got " + llvm::Twine(body.size()));
  array.data = body.str();
  return array;
}

llvm::Expected<NpyArray> readNpy(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError("cannot read array '" + path +
                                   "': " + buffer.getError().message());
  return parseNpy((*buffer)->getBuffer(), path);
}

std::string formatNpy(llvm::StringRef descr, llvm::ArrayRef<int64_t> shape,
                      llvm::StringRef data) {
  std::string header = ("{'descr': '" + descr +
                        "', 'fortran_order': False, 'shape': (")
                           .str();
  for (int64_t size : shape)
    header += std::to_string(size) + ",";
  header += "), }";
  // The elements start at a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string result = magic.str();
  result += '\x01';
  result += '\0';
  result += static_cast<char>(header.size() & 0xFF);
  result += static_cast<char>(header.size() >> 8);
  return result + header + data.str();
}

llvm::Error writeNpy(llvm::StringRef path, llvm::StringRef descr,
                     llvm::ArrayRef<int64_t> shape, llvm::StringRef data) {
  std::string bytes = formatNpy(descr, shape, data);
  auto buffer = llvm::FileOutputBuffer::create(path, bytes.size());
  llvm::Error failure =
      buffer ? llvm::Error::success() : buffer.takeError();
  if (!failure) {
    std::memcpy((*buffer)->getBufferStart(), bytes.data(), bytes.size());
    failure = (*buffer)->commit();
  }
  if (failure)
    return llvm::createStringError("cannot write array '" + path + "': " +
                                   llvm::toString(std::move(failure)));
  return llvm::Error::success();
}

} // namespace tilewright
