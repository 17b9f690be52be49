import { TaskError } from '../../../contract/task-error.ts';

/** The error under the name that its argument has in this schema; `names` are by those of `Tasks`. */
export function namedHere(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof TaskError)) return error;
  const { code, message, details, cause } = error;
  const name = names[details.argument ?? ''];
  if (details.argument === undefined || name === undefined) return error;
  return new TaskError(
    code,
    message.replace(quoted(details.argument), () => quoted(name)),
    {
      ...details,
      argument: name,
      cause,
    },
  );
}

const quoted = (name: string): string => `\`${name}\``;
