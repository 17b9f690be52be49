import { deletedRuns, describeRun } from '../../src/service/run/describe-run.ts';
import type { DescribeRun } from '../../src/service/run/describe-run.ts';
import type { Temporal } from '../../src/service/temporal/temporal.ts';

/** Describes whatever is in the namespace. */
export const describeAny = (temporal: Temporal): DescribeRun =>
  describeRun({
    temporal,
    definitions: new Map(),
    deleted: deletedRuns(),
    wholeNamespace: true,
  });
