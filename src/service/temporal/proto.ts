// A CommonJS package whose exports Node cannot tell by name: `import { temporal }` compiles and then fails to load.
import protos from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';

/** Temporal's messages and enumerations, as values. Their types come from `import type { temporal }`. */
export const { api } = protos.temporal;
export const enums = api.enums.v1;

/** A row of a list, and of a description. */
export type RunInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;
/** What Temporal says of one run. */
export type RunDescription = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
/** An activity that has not ended. */
export type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;
