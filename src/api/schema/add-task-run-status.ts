import type { TaskRunStatus } from '../../contract/task-run.ts';
import type { Builder } from './kit/builder.ts';

export function addTaskRunStatus(builder: Builder): void {
  builder.enumType('TaskRunStatus', {
    description:
      'Where a run stands. `SUCCEEDED`, `FAILED` and `ABORTED` are final. Lists and counts know what Temporal has indexed: there, a run that no worker has taken yet is `RUNNING` unless it is delayed, and one whose abort no worker has seen is not `ABORTING` yet.',
    values: {
      PENDING: { description: 'It is delayed, or no worker has taken it yet.' },
      RUNNING: { description: 'A worker has begun it.' },
      ABORTING: { description: 'Its abort is recorded, and it has not stopped yet.' },
      SUCCEEDED: { description: 'It ended with an output.' },
      FAILED: {
        description: 'It ended with an error; a time-out is one, with the code `TIMEOUT`.',
      },
      ABORTED: { description: 'It was stopped on request; `abort.mode` says how.' },
    } satisfies Record<TaskRunStatus, object>,
  });
}
