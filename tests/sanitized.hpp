// SPDX-License-Identifier: Apache-2.0
// What the sanitizers make slower by ten is repeated less often under them: they look at the same code paths,
// the number of repetitions is the release build's business.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// `count` in the release build, a part of it under a sanitizer.
constexpr int repeated(int count) {
  return kSanitized ? (count + 4) / 5 : count;
}
