// Entry.h - the file of a cache entry; docs/CacheFormat.md.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_ENTRY_H
#define TILEWRIGHT_RUNTIME_CACHE_ENTRY_H

#include "tilewright-rt/Library.h"
#include <cstdint>
#include <string>

namespace tilewright::rt {

/// The bytes of an entry; none where there is no memory for them.
std::string writeEntry(TwBytes key, TwBytes value);

enum class EntryState { Good, OtherKey, OtherVersion, Damaged };

/// Checks the bytes of an entry against its own lengths and checksums, and
/// against `key`, unless that is null. It may be sealed; whose seal that is, is
/// not asked. `value` points into `bytes`.
EntryState readEntry(const std::string &bytes, const TwBytes *key,
                     TwBytes &value);

/// The key and the value in the bytes of an entry that were found to be good.
TwBytes getEntryKey(const std::string &bytes);
TwBytes getEntryValue(const std::string &bytes);

/// The bytes of an entry that was found to be good, without its seal.
uint64_t getEntryBytes(const std::string &bytes);

/// 32 hexadecimal digits that name the entry of `key`.
std::string getEntryName(TwBytes key);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_ENTRY_H
