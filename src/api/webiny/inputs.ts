import type { InputRef } from '@pothos/core';
import type { WebinyBuilder } from './builder.ts';
import {
  type Fields,
  ITEM_FIELDS,
  LOG_FIELDS,
  type OperandType,
  sorters,
  TASK_FIELDS,
  whereKeys,
} from './fields.ts';
import type { Where } from './to-filter.ts';

export type Inputs = ReturnType<typeof addInputs>;

/** Filters, sorters and settings. */
export function addInputs(builder: WebinyBuilder) {
  const itemsWhere = addWhere(builder, 'WebinyTaskLog_ItemsWhereInput', ITEM_FIELDS);
  return {
    taskWhere: addWhere(builder, 'WebinyBackgroundTaskListWhereInput', TASK_FIELDS),
    logWhere: addWhere(builder, 'WebinyBackgroundTaskLogListWhereInput', LOG_FIELDS, itemsWhere),
    taskSorter: builder.enumType('WebinyBackgroundTaskListSorter', {
      values: sorters(TASK_FIELDS),
    }),
    logSorter: builder.enumType('WebinyBackgroundTaskLogListSorter', {
      values: sorters(LOG_FIELDS),
    }),
    settings: builder.inputType('UpdateBackgroundTaskSettingsInput', {
      fields: (t) => ({ retentionDays: t.int() }),
    }),
  };
}

function addWhere<Row>(
  builder: WebinyBuilder,
  name: string,
  fields: Fields<Row>,
  items?: InputRef<Where>,
) {
  const ref = builder.inputRef<Where>(name);
  return ref.implement({
    fields: (t) => {
      const operand = (type: OperandType) => {
        const [, list, of, full] = /^(\[?)(\w+)(!?)/.exec(type) ?? [];
        const scalar = of as 'ID' | 'String' | 'DateTime' | 'Number';
        return list
          ? t.field({ type: [scalar], required: { list: false, items: full === '!' } })
          : t.field({ type: scalar });
      };
      return {
        ...Object.fromEntries(whereKeys(fields).map((key) => [key.name, operand(key.type)])),
        ...(items && { items: t.field({ type: items }) }),
      };
    },
  });
}
