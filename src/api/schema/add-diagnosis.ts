import type { DiagnosisCode } from '../../contract/task-run.ts';
import type { Builder } from './kit/builder.ts';

export function addDiagnosis(builder: Builder): void {
  builder.enumType('DiagnosisCode', {
    description: 'Why a run does not move.',
    values: {
      NO_WORKER: { description: 'No worker is there to take it: start one.' },
      NO_CURRENT_VERSION: {
        description:
          'All workers are versioned, and Temporal was not told which version takes runs.',
      },
      WAITING_FOR_SLOT: {
        description: 'Workers are there and have no slot free for it: wait, or add workers.',
      },
      DELAYED: { description: 'It is not due yet.' },
      RETRYING: { description: 'A step failed and waits for its next attempt.' },
      HEARTBEAT_LATE: { description: 'The worker of a step has not given a sign of life in time.' },
      ABORTING: { description: 'It was asked to stop, and its grace has not ended.' },
      WORKFLOW_CODE_FAILING: {
        description: 'The code of its workflow fails, and Temporal tries it again and again.',
      },
      UNKNOWN_DEFINITION: { description: 'No definition of this id exists any more.' },
      WAITING_FOR_TIMER: { description: 'It waits for a timer of its own, or for a signal.' },
      WAITING_FOR_CHILD: { description: 'It waits for a child run to end.' },
      PAUSED: { description: 'An operator has paused it in Temporal.' },
    } satisfies Record<DiagnosisCode, object>,
  });

  builder.objectType('Diagnosis', {
    description: 'Why a run does not move, and what to do about it.',
    fields: (t) => ({
      code: t.expose('code', { type: 'DiagnosisCode', description: 'The reason, for programs.' }),
      message: t.exposeString('message', {
        nullable: true,
        description: 'The reason, in one sentence; null when the caller may not see it.',
      }),
      since: t.expose('since', {
        type: 'DateTime',
        nullable: true,
        description: 'Since when; null where Temporal does not tell.',
      }),
      action: t.exposeString('action', { description: 'What to do, in one sentence.' }),
    }),
  });
}
