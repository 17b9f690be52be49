import type { TaskDefinitionInfo } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { describeLimits } from './describe-limits.ts';
import { toInputShape } from './to-input-shape.ts';
import type { addTrigger } from '../add-trigger.ts';
import { trigger } from '../add-trigger.ts';
import { toTriggerOptions } from '../add-trigger-options.ts';
import type { TypedTriggerName } from './typed-trigger-names.ts';

interface TypedTriggers {
  readonly definitions: readonly TaskDefinitionInfo[];
  readonly names: ReadonlyMap<string, TypedTriggerName>;
  readonly result: ReturnType<typeof addTrigger>;
}

/** One mutation for each definition that has a name, with an input type made from its schema. */
export function addTypedTriggers(
  builder: Builder,
  { definitions, names, result }: TypedTriggers,
): void {
  for (const definition of definitions) {
    const name = names.get(definition.id);
    if (name) addTypedTrigger(builder, definition, name, result);
  }
}

function addTypedTrigger(
  builder: Builder,
  { id, title, description, inputSchema }: TaskDefinitionInfo,
  name: TypedTriggerName,
  result: TypedTriggers['result'],
): void {
  const input = toInputShape(builder, inputSchema, { name, title });
  builder.mutationField(name.mutation, (t) => {
    const options = t.arg({ type: 'TriggerOptions', description: 'How to trigger it.' });
    const what = `Starts a run of \`${id}\`. ${description}`.trim();
    // GraphQL knows no empty input type.
    if (!input)
      return t.field({
        type: result,
        description: what,
        args: { options },
        resolve: async (_, args, context) =>
          await trigger(context, id, {}, toTriggerOptions(args.options)),
      });
    return t.field({
      type: result,
      description: what,
      args: {
        input: t.arg({
          type: input.type,
          required: input.required,
          description: describeLimits(inputSchema) || 'What it is given.',
        }),
        options,
      },
      resolve: async (_, args, context) =>
        await trigger(context, id, input.read(args.input ?? {}), toTriggerOptions(args.options)),
    });
  });
}
