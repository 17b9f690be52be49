import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { toRunFields } from '../src/contract/wire/run-fields.ts';

/** What a trigger writes beside the input, as options of the typed client. */
export function sameFields(input: unknown): object {
  const { memo, searchAttributes } = toRunFields({
    name: 'One checkpoint',
    actor: 'anonymous',
    input,
  });
  return {
    memo,
    typedSearchAttributes: new TypedSearchAttributes([
      {
        key: defineSearchAttributeKey('TaskName', 'KEYWORD'),
        value: String(searchAttributes.TaskName),
      },
      {
        key: defineSearchAttributeKey('TaskWords', 'TEXT'),
        value: String(searchAttributes.TaskWords),
      },
      {
        key: defineSearchAttributeKey('TaskActor', 'KEYWORD'),
        value: String(searchAttributes.TaskActor),
      },
      { key: defineSearchAttributeKey('TaskIteration', 'INT'), value: 1 },
    ]),
  };
}
