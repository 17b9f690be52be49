import { LIMITS } from '../limits.ts';
import { TaskError, outOfBounds } from '../task-error.ts';
import type { Caller } from '../caller.ts';
import type { TriggerOptions } from '../tasks.ts';

export interface CheckedTrigger {
  readonly name: string | undefined;
  /** Seconds from now, to the millisecond. */
  readonly delay: number;
  readonly key: string | undefined;
  /** In lower case, each once. */
  readonly tags: readonly string[];
  readonly parent: string | undefined;
  readonly priority: number | undefined;
}

/** What a caller may ask of a trigger beside its input; throws `INVALID_ARGUMENT` or `INVALID_DELAY`. */
export function checkTrigger(options: TriggerOptions, now: number): CheckedTrigger {
  const { name, key, tags = [], parent, priority, delay, runAt } = options;
  if (name !== undefined) checkText('name', name, LIMITS.name);
  if (key !== undefined) checkText('key', key, LIMITS.key);
  if (parent) checkText('parent.id', parent.id, LIMITS.id);
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 5))
    throw outOfBounds('priority', `to be an integer from 1 to 5, got ${priority}.`);
  return {
    name,
    delay: checkDelay(delay, runAt, now),
    key,
    tags: checkTags(tags),
    parent: parent?.id,
    priority,
  };
}

/** Throws `INVALID_ARGUMENT` for a name that would not survive in a reason or in Temporal's history. */
export function checkActor({ name }: Caller): void {
  checkText('actor.name', name, LIMITS.actor);
  if (name.includes(':'))
    throw outOfBounds(
      'actor.name',
      `to have no colon, because one ends it in the reason of an abort; got ${JSON.stringify(name)}.`,
    );
}

/** Throws `INVALID_ARGUMENT` unless this is 1 to `max` printable characters. */
export function checkText(argument: string, value: string, max: number): void {
  if (value.length === 0 || value.length > max)
    throw outOfBounds(
      argument,
      `to have 1 to ${max} characters, got ${value.length === 0 ? 'none' : value.length}.`,
    );
  if (!isPrintable(value))
    throw outOfBounds(argument, `to have no control characters, got ${show(value)}.`);
}

function checkTags(tags: readonly string[]): readonly string[] {
  if (tags.length > LIMITS.tags)
    throw outOfBounds('tags', `to be at most ${LIMITS.tags}, got ${tags.length}.`);
  for (const [index, tag] of tags.entries()) {
    checkText(`tags[${index}]`, tag, LIMITS.tag);
    // A filter refuses these characters, so a tag that has one could not be found again.
    if (/['"\\`]/.test(tag) || tag !== tag.trim())
      throw outOfBounds(
        `tags[${index}]`,
        `to have no quotes, no backslashes and no spaces around it, got ${show(tag)}.`,
      );
  }
  return [...new Set(tags.map((tag) => tag.toLowerCase()))];
}

function checkDelay(delay: number | undefined, runAt: Date | undefined, now: number): number {
  if (delay !== undefined && runAt !== undefined)
    throw new TaskError('INVALID_DELAY', 'Give `delay` or `runAt`, not both.');
  if (runAt !== undefined) {
    const seconds = (runAt.getTime() - now) / 1000;
    // An invalid date is NaN, which no comparison holds for.
    if (!(seconds < LIMITS.delay))
      throw outOfBounds(
        'runAt',
        `to be less than 355 days from now, got ${Number.isNaN(seconds) ? 'an invalid date' : runAt.toISOString()}.`,
        'INVALID_DELAY',
      );
    return Math.max(0, toMilliseconds(seconds));
  }
  if (delay === undefined) return 0;
  if (!(delay >= 0 && delay < LIMITS.delay))
    throw outOfBounds(
      'delay',
      `to be from 0 to less than ${LIMITS.delay} seconds (355 days), got ${delay}.`,
      'INVALID_DELAY',
    );
  return toMilliseconds(delay);
}

/** Temporal counts no finer. */
const toMilliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** No control character and no lone half of a surrogate pair. */
const isPrintable = (text: string): boolean => !/[\p{Cc}\p{Cs}]/u.test(text);
const show = (text: string): string => JSON.stringify(text.slice(0, 100));
