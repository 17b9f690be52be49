import type { EnumRef, InputRef } from '@pothos/core';
import type { WebinyBuilder, WebinyTypes } from './webiny-builder.ts';
import {
  type Fields,
  ITEM_FIELDS,
  LOG_FIELDS,
  type Operand,
  sorters,
  TASK_FIELDS,
  whereKeys,
} from '../list/fields.ts';
import type { Where } from '../list/to-filter.ts';

export interface Inputs {
  readonly taskWhere: InputRef<Where>;
  readonly logWhere: InputRef<Where>;
  readonly taskSorter: EnumRef<WebinyTypes, string>;
  readonly logSorter: EnumRef<WebinyTypes, string>;
  readonly settings: InputRef<{ readonly retentionDays?: number | null | undefined }>;
}

/** Filters, sorters and settings. */
export function addInputs(builder: WebinyBuilder): Inputs {
  const itemsWhere = addWhere(builder, 'WebinyTaskLog_ItemsWhereInput', ITEM_FIELDS);
  return {
    taskWhere: addWhere(builder, 'WebinyBackgroundTaskListWhereInput', TASK_FIELDS),
    logWhere: addWhere(builder, 'WebinyBackgroundTaskLogListWhereInput', LOG_FIELDS, itemsWhere),
    taskSorter: builder.enumType('WebinyBackgroundTaskListSorter', {
      description: SORTERS,
      values: sorters(TASK_FIELDS),
    }),
    logSorter: builder.enumType('WebinyBackgroundTaskLogListSorter', {
      description: SORTERS,
      values: sorters(LOG_FIELDS),
    }),
    settings: builder.inputType('UpdateBackgroundTaskSettingsInput', {
      description: 'What is to change.',
      fields: (t) => ({
        retentionDays: t.int({ description: 'Days that ended runs are kept.' }),
      }),
    }),
  };
}

const SORTERS = 'One at a time. What a run does not have comes last.';

function addWhere<Row>(
  builder: WebinyBuilder,
  name: string,
  fields: Fields<Row>,
  items?: InputRef<Where>,
) {
  const ref = builder.inputRef<Where>(name);
  return ref.implement({
    description:
      'All keys must hold. Keys without an operator mean equality; `contains` and `startsWith` take any case.',
    fields: (t) => {
      const operand = ({ scalar, list }: Operand) =>
        list
          ? t.field({ type: [scalar], required: { list: false, items: list === 'full' } })
          : t.field({ type: scalar });
      return {
        ...Object.fromEntries(whereKeys(fields).map((key) => [key.name, operand(key.operand)])),
        ...(items && { items: t.field({ type: items }) }),
      };
    },
  });
}
