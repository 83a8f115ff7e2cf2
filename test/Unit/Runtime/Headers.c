/* Headers.c - the runtime's headers are C11.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
#include "tilewright-rt/Cache.h"
#include "tilewright-rt/Device.h"
#include "tilewright-rt/Kernel.h"
#include "tilewright-rt/Library.h"
#include "tilewright-rt/Module.h"
#include "tilewright-rt/Status.h"
#include "tilewright-rt/Value.h"

int twTestCallFromC(void);

int twTestCallFromC(void) {
  TwKernel kernel = NULL;
  TwStatus status = twKernelCreate("[]", &kernel);
  TwCode code = twStatusGetCode(status);
  twStatusDestroy(status);
  return kernel == NULL && code == TW_CORRUPT;
}
