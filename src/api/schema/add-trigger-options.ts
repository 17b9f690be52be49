import type { TriggerOptions } from '../../contract/tasks.ts';
import type { Builder } from './kit/builder.ts';
import { withoutNulls } from './kit/without-nulls.ts';
import type { WithNulls } from './kit/without-nulls.ts';
import type { TriggerOptionsInput } from './kit/shapes.ts';

export function addTriggerOptions(builder: Builder): void {
  builder.inputType('TriggerOptions', {
    description: 'How a run is triggered, beside its input. Everything is optional.',
    fields: (t) => ({
      name: t.string({
        description: "Display name, at most 200 characters. Default: the definition's title.",
      }),
      delay: t.int({ description: 'Seconds to wait before it runs, less than 355 days.' }),
      runAt: t.field({
        type: 'DateTime',
        description: 'When to run, instead of `delay`. A time in the past means now.',
      }),
      key: t.string({
        description:
          'Makes the trigger safe to repeat: the same key, definition and input give the same run. At most 200 characters.',
      }),
      tags: t.stringList({
        description:
          'Words to find it by: at most 20 of at most 100 characters, kept in lower case.',
      }),
      parent: t.id({ description: 'Id of the run that it belongs to. Nothing else is inherited.' }),
      priority: t.int({ description: 'From 1 (first) to 5 (last). Default: 3.' }),
    }),
  });
}

/** What the service takes of what a caller gave. */
export function toTriggerOptions(options: WithNulls<TriggerOptionsInput>): TriggerOptions {
  const { parent, ...rest } = withoutNulls(options);
  return { ...rest, ...(parent !== undefined && { parent: { id: parent } }) };
}
