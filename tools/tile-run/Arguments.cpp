// Arguments.cpp - the arrays and scalars of one launch, from the command line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Arguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

namespace tilewright {
namespace {

/// How NumPy stores an element type.
struct Storage {
  char kind;
  int64_t bytes;
  const char *descr;
};

Storage getStorage(TwElementType type) {
  switch (type) {
  case TW_F64:
    return {'f', 8, "<f8"};
  case TW_F32:
    return {'f', 4, "<f4"};
  case TW_F16:
    return {'f', 2, "<f2"};
  case TW_BF16:
    return {'V', 2, "|V2"};
  case TW_I1:
    return {'b', 1, "|b1"};
  case TW_I8:
    return {'i', 1, "|i1"};
  case TW_I16:
    return {'i', 2, "<i2"};
  case TW_I32:
    return {'i', 4, "<i4"};
  case TW_I64:
    return {'i', 8, "<i8"};
  default:
    return {'V', 1, "|V1"};
  }
}

/// Whether elements of a file may be elements of `type`. Signs are free, and
/// types that NumPy cannot name may come as bytes or integers.
bool matches(const NpyArray &array, TwElementType type) {
  Storage storage = getStorage(type);
  if (array.itemBytes != storage.bytes)
    return false;
  // ml_dtypes saves one of the 8-bit floats as '<f1'.
  if (storage.kind == 'V')
    return array.kind != 'b' && (array.kind != 'f' || array.itemBytes == 1);
  if (storage.kind == 'i')
    return array.kind == 'i' || array.kind == 'u';
  return array.kind == storage.kind;
}

std::string formatShape(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "()" : text;
}

class Binder {
public:
  Binder(TwKernel kernel, const ArgumentTexts &texts)
      : kernel(kernel), texts(texts) {}

  llvm::Expected<std::vector<RunArgument>> bind();

private:
  /// Splits "NAME=TEXT" and finds the argument NAME.
  llvm::Expected<RunArgument *>
  find(llvm::StringRef option, llvm::StringRef text, llvm::StringRef &rest);
  llvm::Error bindArg(RunArgument &argument, llvm::StringRef text);
  llvm::Error bindScalar(RunArgument &argument, llvm::StringRef text);
  llvm::Error bindOut(RunArgument &argument, llvm::StringRef text);
  llvm::Error bindCheck(RunArgument &argument, llvm::StringRef text);
  llvm::Error allocate(RunArgument &argument);

  TwKernel kernel;
  const ArgumentTexts &texts;
  std::vector<RunArgument> arguments;
};

llvm::Expected<RunArgument *> Binder::find(llvm::StringRef option,
                                           llvm::StringRef text,
                                           llvm::StringRef &rest) {
  size_t equals = text.find('=');
  if (equals == llvm::StringRef::npos)
    return llvm::createStringError("expected '" + option +
                                   " NAME=VALUE', but got '" + text + "'");
  llvm::StringRef name = text.take_front(equals);
  rest = text.drop_front(equals + 1);
  std::vector<llvm::StringRef> names;
  for (RunArgument &argument : arguments) {
    if (name == argument.info.name)
      return &argument;
    names.push_back(argument.info.name);
  }
  return llvm::createStringError("'" + option + "': no argument '" + name +
                                 "'; kernel '" + twKernelGetName(kernel) +
                                 "' has " + llvm::join(names, ", "));
}

llvm::Error Binder::bindScalar(RunArgument &argument, llvm::StringRef text) {
  TwElementType type = argument.info.type;
  llvm::StringRef name = argument.info.name;
  argument.value.kind = TW_SCALAR;
  argument.value.type = type;
  bool isFloat = getStorage(type).kind == 'f' || getStorage(type).kind == 'V';
  if (isFloat) {
    argument.value.isReal = 1;
    if (text.getAsDouble(argument.value.real))
      return llvm::createStringError(
          "argument '" + name + "': expected a number for " +
          twElementTypeGetName(type) + ", but got '" + text + "'");
    return llvm::Error::success();
  }
  int64_t integer = 0;
  int64_t bits = type == TW_I1 ? 1 : 8 * getStorage(type).bytes;
  if (text == "true")
    integer = 1;
  else if (text != "false" && text.getAsInteger(0, integer))
    return llvm::createStringError(
        "argument '" + name + "': expected an integer for " +
        twElementTypeGetName(type) + ", but got '" + text + "'");
  bool fits = type == TW_I1 ? integer == 0 || integer == 1
                            : llvm::isIntN(bits, integer) ||
                                  (integer > 0 && llvm::isUIntN(bits, integer));
  if (!fits)
    return llvm::createStringError("argument '" + name + "': " + text +
                                   " does not fit into " +
                                   twElementTypeGetName(type));
  argument.value.integer = integer;
  return llvm::Error::success();
}

llvm::Error Binder::bindArg(RunArgument &argument, llvm::StringRef text) {
  llvm::StringRef name = argument.info.name;
  if (argument.isBound)
    return llvm::createStringError("argument '" + name + "' is given twice");
  argument.isBound = true;
  if (argument.info.kind == TW_SCALAR)
    return bindScalar(argument, text);
  llvm::Expected<NpyArray> array = readNpy(text);
  if (!array)
    return llvm::createStringError("argument '" + name +
                                   "': " + llvm::toString(array.takeError()));
  if (!matches(*array, argument.info.type))
    return llvm::createStringError(
        "argument '" + name + "': expected elements of " +
        twElementTypeGetName(argument.info.type) + " (NumPy's '" +
        getStorage(argument.info.type).descr + "'), but '" + text + "' has '" +
        array->getDescr() + "'");
  argument.sizes = array->shape;
  argument.initial = std::move(array->data);
  return allocate(argument);
}

llvm::Error Binder::allocate(RunArgument &argument) {
  argument.memory.emplace(argument.initial.size(), argument.info.align);
  if (!argument.memory->data())
    return llvm::createStringError(
        "argument '" + llvm::StringRef(argument.info.name) +
        "': no memory for " + llvm::Twine(argument.initial.size()) + " bytes");
  argument.value.kind = TW_ARRAY;
  argument.value.type = argument.info.type;
  argument.value.data = argument.memory->data();
  argument.value.rank = static_cast<int32_t>(argument.sizes.size());
  argument.value.sizes = argument.sizes.data();
  return llvm::Error::success();
}

llvm::Error Binder::bindOut(RunArgument &argument, llvm::StringRef text) {
  llvm::StringRef name = argument.info.name;
  auto error = [&](const llvm::Twine &message) {
    return llvm::createStringError("output '" + name + "': " + message);
  };
  if (argument.info.kind == TW_SCALAR)
    return error("expected an array, but the argument is a scalar");
  if (!argument.outputPath.empty())
    return error("is given twice");
  llvm::SmallVector<llvm::StringRef, 3> parts;
  text.split(parts, ':');
  // Colons in the path: only the last two parts may be type and shape.
  llvm::StringRef path = parts[0], type, shape;
  if (parts.size() >= 2)
    type = parts[1];
  if (parts.size() == 3)
    shape = parts[2];
  if (parts.size() > 3 || path.empty())
    return error("expected FILE[:TYPE:SHAPE], but got '" + text + "'");
  argument.outputPath = path.str();
  if (!type.empty()) {
    TwElementType given;
    if (llvm::Error unknown =
            toError(twElementTypeParse(type.str().c_str(), &given)))
      return error(llvm::toString(std::move(unknown)));
    if (given != argument.info.type)
      return error("expected type " +
                   llvm::Twine(twElementTypeGetName(argument.info.type)) +
                   ", but got " + type);
  }
  if (argument.memory) {
    if (!shape.empty() && shape != formatShape(argument.sizes))
      return error("expected shape " + formatShape(argument.sizes) +
                   " of '--arg', but got " + shape);
    return llvm::Error::success();
  }
  if (shape.empty()) {
    // A shape is only needed where the kernel does not fix it.
    for (int32_t i = 0; i < argument.info.rank; ++i) {
      if (argument.info.sizes[i] < 0)
        return error("expected FILE:TYPE:SHAPE, such as '" + path + ":" +
                     twElementTypeGetName(argument.info.type) +
                     ":4x8', but got '" + text + "'");
      argument.sizes.push_back(argument.info.sizes[i]);
    }
  } else {
    llvm::SmallVector<llvm::StringRef, 4> sizes;
    shape.split(sizes, 'x');
    for (llvm::StringRef part : sizes) {
      int64_t size;
      if (part.getAsInteger(10, size) || size < 0)
        return error("expected a shape such as 4x8, but got '" + shape + "'");
      argument.sizes.push_back(size);
    }
  }
  std::optional<int64_t> bytes = getStorage(argument.info.type).bytes;
  for (int64_t size : argument.sizes)
    if (bytes)
      bytes = llvm::checkedMul(*bytes, size);
  if (!bytes || *bytes > (int64_t(1) << 40))
    return error("shape " + formatShape(argument.sizes) + " is too large");
  argument.initial.assign(static_cast<size_t>(*bytes), '\xCD');
  argument.isBound = true;
  return allocate(argument);
}

llvm::Error Binder::bindCheck(RunArgument &argument, llvm::StringRef text) {
  llvm::Expected<NpyArray> array = readNpy(text);
  if (!array)
    return llvm::createStringError("check '" +
                                   llvm::StringRef(argument.info.name) +
                                   "': " + llvm::toString(array.takeError()));
  bool isWide =
      array->kind == 'f' && array->itemBytes >= 4 && array->itemBytes <= 8;
  bool isInteger =
      (array->kind == 'i' || array->kind == 'u') && array->itemBytes <= 8;
  if (!isWide && !isInteger && !matches(*array, argument.info.type))
    return llvm::createStringError(
        "check '" + llvm::StringRef(argument.info.name) +
        "': expected f32, f64, integers or elements of the argument's type, "
        "but '" +
        text + "' has '" + array->getDescr() + "'");
  argument.expected = std::move(*array);
  return llvm::Error::success();
}

llvm::Expected<std::vector<RunArgument>> Binder::bind() {
  for (size_t i = 0; i < twKernelGetNumArguments(kernel); ++i) {
    arguments.emplace_back();
    if (llvm::Error error =
            toError(twKernelGetArgument(kernel, i, &arguments.back().info)))
      return std::move(error);
  }
  using Method = llvm::Error (Binder::*)(RunArgument &, llvm::StringRef);
  auto bindAll = [&](llvm::StringRef option,
                     const std::vector<std::string> &list,
                     Method method) -> llvm::Error {
    for (const std::string &text : list) {
      llvm::StringRef rest;
      llvm::Expected<RunArgument *> argument = find(option, text, rest);
      if (!argument)
        return argument.takeError();
      if (llvm::Error error = (this->*method)(**argument, rest))
        return error;
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = bindAll("--arg", texts.args, &Binder::bindArg))
    return std::move(error);
  if (llvm::Error error = bindAll("--out", texts.outs, &Binder::bindOut))
    return std::move(error);
  if (llvm::Error error = bindAll("--check", texts.checks, &Binder::bindCheck))
    return std::move(error);

  for (RunArgument &argument : arguments) {
    if (argument.isBound)
      continue;
    bool isScalar = argument.info.kind == TW_SCALAR;
    return llvm::createStringError(
        "no value for argument '" + llvm::StringRef(argument.info.name) +
        "' of kernel '" + twKernelGetName(kernel) + "'; give " +
        (isScalar ? "--arg NAME=NUMBER"
                  : "--arg NAME=FILE.npy, or --out NAME=FILE.npy:TYPE:SHAPE"));
  }
  resetArguments(arguments);
  return std::move(arguments);
}

/// Element `index` of an array of `type`, in float64.
double decode(TwElementType type, const char *data, int64_t index) {
  int64_t bytes = getStorage(type).bytes;
  uint64_t bits = 0;
  std::memcpy(&bits, data + index * bytes, static_cast<size_t>(bytes));
  if (getStorage(type).kind == 'i')
    return static_cast<double>(
        llvm::SignExtend64(bits, static_cast<unsigned>(8 * bytes)));
  if (type == TW_I1)
    return bits ? 1.0 : 0.0;
  return twDecodeFloat(type, bits);
}

double decodeExpected(const NpyArray &array, TwElementType type,
                      int64_t index) {
  const char *data = array.data.data();
  uint64_t bits = 0;
  std::memcpy(&bits, data + index * array.itemBytes,
              static_cast<size_t>(std::min<int64_t>(array.itemBytes, 8)));
  if (array.kind == 'f' && array.itemBytes == 8)
    return decode(TW_F64, data, index);
  if (array.kind == 'f' && array.itemBytes == 4)
    return decode(TW_F32, data, index);
  if (matches(array, type))
    return decode(type, data, index);
  if (array.kind == 'i')
    return static_cast<double>(
        llvm::SignExtend64(bits, static_cast<unsigned>(8 * array.itemBytes)));
  return static_cast<double>(bits);
}

} // namespace

ArrayMemory::ArrayMemory(size_t bytes, int64_t alignment) : bytes(bytes) {
  alignment = std::max<int64_t>(alignment, 64);
  storage.reset(new (std::nothrow) char[bytes + alignment]);
  memory = storage ? reinterpret_cast<char *>(llvm::alignTo(
                         reinterpret_cast<uintptr_t>(storage.get()), alignment))
                   : nullptr;
}

llvm::Error toError(TwStatus status) {
  if (!status)
    return llvm::Error::success();
  std::string message = twStatusGetMessage(status);
  twStatusDestroy(status);
  return llvm::createStringError(message);
}

llvm::Expected<std::vector<RunArgument>>
bindArguments(TwKernel kernel, const ArgumentTexts &texts) {
  return Binder(kernel, texts).bind();
}

void resetArguments(std::vector<RunArgument> &arguments) {
  for (RunArgument &argument : arguments)
    if (argument.memory && argument.memory->size())
      std::memcpy(argument.memory->data(), argument.initial.data(),
                  argument.initial.size());
}

llvm::Error writeOutputs(std::vector<RunArgument> &arguments) {
  for (RunArgument &argument : arguments) {
    if (argument.outputPath.empty())
      continue;
    if (llvm::Error error = writeNpy(
            argument.outputPath, getStorage(argument.info.type).descr,
            argument.sizes,
            llvm::StringRef(argument.memory->data(), argument.memory->size())))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<Difference> compareOutput(RunArgument &argument, double rtol,
                                         double atol) {
  const NpyArray &expected = *argument.expected;
  if (expected.shape != argument.sizes)
    return llvm::createStringError(
        "check '" + llvm::StringRef(argument.info.name) + "': expected shape " +
        formatShape(argument.sizes) + " of the argument, but got " +
        formatShape(expected.shape));
  Difference result;
  result.elements = expected.getNumElements();
  double squares = 0;
  for (int64_t i = 0; i < result.elements; ++i) {
    double want = decodeExpected(expected, argument.info.type, i);
    double got = decode(argument.info.type, argument.memory->data(), i);
    bool same = want == got || (std::isnan(want) && std::isnan(got));
    double error = same ? 0.0 : std::fabs(got - want);
    if (std::isnan(error))
      error = std::numeric_limits<double>::infinity();
    result.maxAbsolute = std::max(result.maxAbsolute, error);
    if (want != 0 && std::isfinite(want))
      result.maxRelative =
          std::max(result.maxRelative, error / std::fabs(want));
    squares += error * error;
    if (same || error <= atol + rtol * std::fabs(want))
      continue;
    if (result.wrong++ == 0) {
      result.first = i;
      result.expected = want;
      result.got = got;
    }
  }
  if (result.elements)
    result.rootMeanSquare =
        std::sqrt(squares / static_cast<double>(result.elements));
  return result;
}

} // namespace tilewright
