import type { Caller, Right } from '../../contract/caller.ts';
import { whyNotResumed } from '../../contract/rules/check-resume.ts';
import { isClosed } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskDefinitionInfo } from '../../contract/tasks.ts';
import { may, toSubject } from '../../rights/rights.ts';
import type { Subject } from '../../rights/rights.ts';
import type { Builder } from './kit/builder.ts';

/** Whether something can be done now; the reason is set when it cannot. */
export interface Ability {
  readonly reason: string | null;
}
export interface Abilities {
  readonly abort: Ability;
  readonly terminate: Ability;
  readonly rerun: Ability;
  readonly resume: Ability;
  readonly delete: Ability;
}

export function addAbilities(builder: Builder) {
  const ability = builder.objectRef<Ability>('Ability').implement({
    description: 'Whether something can be done with a run now.',
    fields: (t) => ({
      allowed: t.boolean({ description: 'It can.', resolve: ({ reason }) => reason === null }),
      reason: t.exposeString('reason', {
        nullable: true,
        description: 'Why it cannot, in one sentence; null when it can.',
      }),
    }),
  });
  return builder.objectRef<Abilities>('TaskRunAbilities').implement({
    description: 'What can be done with a run now, so that a page can show its buttons.',
    fields: (t) => ({
      abort: t.expose('abort', { type: ability, description: '`abortTaskRun(id:)`.' }),
      terminate: t.expose('terminate', {
        type: ability,
        description: '`terminateTaskRun(id:)`, which ends it at once.',
      }),
      rerun: t.expose('rerun', { type: ability, description: '`rerunTaskRun(id:)`.' }),
      resume: t.expose('resume', { type: ability, description: '`resumeTaskRun(id:)`.' }),
      delete: t.expose('delete', { type: ability, description: '`deleteTaskRun(id:)`.' }),
    }),
  });
}

/** What a caller can do with a run, by its row, its rights and the catalogue alone. */
export function abilitiesOf(
  run: TaskRun,
  definitions: readonly TaskDefinitionInfo[],
  caller: Caller,
): Abilities {
  const over = isClosed(run.status) ? `It has ended: it is ${run.status}.` : null;
  const definition = definitions.find(({ id }) => id === run.definition);
  const refusal = (right: Right, verb: string, subject: Subject = toSubject(run)) =>
    may(caller, right, subject) ? null : `You may not ${verb} runs of \`${run.definition}\`.`;
  // The new run is the caller's own, whoever triggered this one.
  const own = { definition: run.definition, triggeredBy: caller.name };
  const again =
    refusal('trigger', 'trigger', own) ??
    (definition
      ? null
      : `There is no definition \`${run.definition}\` that can be triggered here.`);
  const abort = refusal('abort', 'abort');
  return {
    abort: {
      reason: abort ?? over ?? (run.status === 'ABORTING' ? 'It is being aborted already.' : null),
    },
    terminate: { reason: abort ?? over },
    rerun: { reason: again },
    resume: { reason: again ?? refusal('payloads', 'see what is in') ?? whyNotResumed(run) },
    delete: { reason: refusal('delete', 'delete') },
  };
}
