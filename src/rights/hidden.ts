import type { Caller } from '../contract/caller.ts';
import type {
  Diagnosis,
  HiddenField,
  Outcome,
  Progress,
  TaskRun,
  TaskRunDetails,
} from '../contract/task-run.ts';
import type { Timeline } from '../contract/timeline.ts';
import { may, toSubject } from './rights.ts';

/** A run as a caller may see it: what it may not is null, and named in `hidden`. */
export function withoutHidden<R extends TaskRun | TaskRunDetails>(caller: Caller, run: R): R {
  const hidden = hiddenOf(caller, run);
  if (hidden.length === 0) return run;
  const shown = { ...run, hidden };
  return hidden.includes('MESSAGES') && 'steps' in shown
    ? {
        ...shown,
        progress: withoutMessage(shown.progress),
        steps: shown.steps.map((step) => ({
          ...step,
          lastFailure: null,
          progress: withoutMessage(step.progress),
        })),
      }
    : shown;
}

/** Output, and what the run's own code has to say, where the caller may see them. */
export function withoutHiddenOutcome(caller: Caller, run: TaskRun, outcome: Outcome): Outcome {
  const hidden = hiddenOf(caller, run);
  const shown = hidden.includes('OUTPUT') ? { ...outcome, output: null } : outcome;
  if (!hidden.includes('MESSAGES')) return shown;
  const { error, abort, progress } = shown;
  return {
    ...shown,
    error: error && { ...error, message: null },
    abort: abort?.cleanUp ? { ...abort, cleanUp: { ...abort.cleanUp, error: null } } : abort,
    progress: withoutMessage(progress),
  };
}

/** Why a run does not move, without what its code said, nor which workers are full for callers that operate nothing. */
export function withoutHiddenWords(
  caller: Caller,
  run: TaskRun,
  diagnosis: Diagnosis | null,
): Diagnosis | null {
  if (!diagnosis) return null;
  // It names the workers that are full.
  const operates = diagnosis.code !== 'WAITING_FOR_SLOT' || may(caller, 'operate', toSubject(run));
  const isShown = operates && !hiddenOf(caller, run).includes('MESSAGES');
  return isShown ? diagnosis : { ...diagnosis, message: null };
}

/** What took time in a run, without what its code said, nor who worked at it for callers that operate nothing. */
export function withoutHiddenEntries(caller: Caller, run: TaskRun, timeline: Timeline): Timeline {
  const hidden = hiddenOf(caller, run);
  const says = !hidden.includes('MESSAGES');
  const operates = may(caller, 'operate', toSubject(run));
  if (says && operates) return timeline;
  const entries = timeline.entries.map((entry) => ({
    ...entry,
    failure: says || !entry.failure ? entry.failure : { ...entry.failure, message: null },
    worker: operates ? entry.worker : null,
  }));
  return { ...timeline, entries };
}

function hiddenOf(caller: Caller, run: TaskRun): readonly HiddenField[] {
  const subject = toSubject(run);
  return [
    ...(may(caller, 'payloads', subject) ? [] : (['INPUT', 'OUTPUT'] as const)),
    ...(may(caller, 'logs', subject) ? [] : (['LOG', 'MESSAGES'] as const)),
    ...(may(caller, 'operate', subject) ? [] : (['WEB_UI'] as const)),
  ];
}

const withoutMessage = (progress: Progress | null): Progress | null =>
  progress && { ...progress, message: null };
