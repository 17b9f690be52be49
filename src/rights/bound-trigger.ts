import type { BoundTrigger, Caller } from '../contract/caller.ts';
import { TaskError, outOfBounds } from '../contract/task-error.ts';
import type { InputIssue } from '../contract/task-error.ts';
import type { TriggerOptions } from '../contract/tasks.ts';
import { isSameJson } from '../tools/canonical-json.ts';

type Asked = TriggerOptions & { readonly input?: unknown };

/**
 * What a caller asks to trigger, with what its credential fixes of it. Throws `FORBIDDEN` for a priority that its
 * tenant may not ask for, and of a bound caller `INVALID_INPUT` for a field that is fixed to another value, and
 * `INVALID_ARGUMENT` for an option that is not its to choose.
 */
export function boundTrigger<R extends Asked>({ share, bound }: Caller, asked: R): R {
  const first = share?.priority ?? 1;
  if (asked.priority !== undefined && asked.priority < first)
    throw new TaskError('FORBIDDEN', `A priority before ${first} is not this tenant's to choose.`);
  return bound ? boundBy(bound, asked) : asked;
}

function boundBy<R extends Asked>({ input: fixed, key }: BoundTrigger, asked: R): R {
  for (const option of NOT_TO_CHOOSE)
    if (asked[option] !== undefined)
      throw outOfBounds(option, 'to be left out: it is not for whoever has this token to choose.');
  const fields = Object.entries(fixed);
  const given = asked.input ?? {};
  if (!isFields(given)) {
    if (fields.length === 0) return { ...asked, key };
    throw fixedOtherwise([
      { path: [], code: 'fixed', message: 'This token fixes fields of it: expected an object.' },
    ]);
  }
  const issues = fields.flatMap(([field, value]): InputIssue[] =>
    Object.hasOwn(given, field) && !isSameJson(given[field], value)
      ? [{ path: [field], code: 'fixed', message: 'This token fixes it to another value.' }]
      : [],
  );
  if (issues.length > 0) throw fixedOtherwise(issues);
  return { ...asked, input: { ...given, ...fixed }, key };
}

const fixedOtherwise = (issues: readonly InputIssue[]): TaskError =>
  new TaskError('INVALID_INPUT', 'The input has fields that this token fixes to others.', {
    issues,
  });

const NOT_TO_CHOOSE = ['key', 'delay', 'runAt', 'parent', 'priority', 'tags'] as const;

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
