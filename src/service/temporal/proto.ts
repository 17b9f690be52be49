// A CommonJS package whose exports Node cannot tell by name: `import { temporal }` compiles and then fails to load.
import protos from '@temporalio/proto';

/** Temporal's messages and enumerations, as values. Their types come from `import type { temporal }`. */
export const { api } = protos.temporal;
export const enums = api.enums.v1;
