// PlainTypes.h - a vendor's types as the runtime declares them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_PLAINTYPES_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_PLAINTYPES_H

#include <type_traits>

/// The struct of the runtime that stands for a vendor's; void: a handle.
template <typename Vendor> struct StructOf { using Type = void; };

/// Enumerations become int, pointers to structs void * or those of StructOf.
template <typename T> struct Plain {
  using Type = std::conditional_t<std::is_enum_v<T>, int, T>;
};
template <typename T> struct Plain<const T> {
  using Type = const typename Plain<T>::Type;
};
template <typename T> struct Plain<T *> {
  using Pointee = std::remove_const_t<T>;
  using Own = typename std::conditional_t<std::is_class_v<Pointee>,
                                          StructOf<Pointee>, Plain<Pointee>>;
  using Type = std::conditional_t<std::is_const_v<T>, const typename Own::Type,
                                  typename Own::Type> *;
};
template <typename R, typename... Parameters>
struct Plain<R (*)(Parameters...)> {
  using Type = typename Plain<R>::Type (*)(typename Plain<Parameters>::Type...);
};

/// Whether a vendor's function has the type that the runtime declares.
template <typename Own, typename Vendor>
constexpr bool isSame = std::is_same_v<Own, typename Plain<Vendor>::Type>;

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_PLAINTYPES_H
