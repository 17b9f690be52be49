import { TaskError } from '../../../contract/task-error.ts';

/** Answers what is done, or throws what it was refused with in words of this schema: `names` are the service's, and ours. */
export function inOwnWords<T>(names: Readonly<Record<string, string>>, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    const message = error.message.replace(
      NAMED,
      (_, before: string, name: string) => `${before}\`${names[name] ?? name}\``,
    );
    throw new TaskError(error.code, message, { ...error.details, cause: error.cause });
  }
}

/** What the service expected something of. */
const NAMED = /^(Expected (?:each value of )?)`(\w+)`/;
