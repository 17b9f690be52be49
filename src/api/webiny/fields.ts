import type { LogLine } from '../../definition/run-log.ts';
import type { TaskRun } from '../../definition/task-run.ts';
import type { LogRecord } from './log-records.ts';
import type { Operator, Value } from './operators.ts';
import { changedOn, executionNameOf, identityOf, iterationsOf, savedOn, typeOf } from './rows.ts';
import { WORDS } from './words.ts';

/** A field that can be filtered and, mostly, sorted by. */
export interface Field<Row> {
  readonly kind: Kind;
  readonly of: (row: Row) => Value;
  /** The same for every row there will ever be. */
  readonly constant?: true;
}
export type Fields<Row> = Readonly<Record<string, Field<Row>>>;
export type Kind = keyof typeof OPERATORS_OF;

/** Operators of each kind of field and the GraphQL type of their operand; `[X]` may hold nulls. */
export const OPERATORS_OF = {
  id: ops({ 'eq not': 'ID', 'in not_in': '[ID!]' }),
  text: ops({
    'eq not contains not_contains startsWith not_startsWith': 'String',
    'in not_in': '[String]',
  }),
  /** Facts of the entry that holds a run in the system whose API this is. */
  entryId: ops({ 'eq not': 'String', 'in not_in': '[String!]' }),
  entryStatus: ops({ 'eq not': 'String', 'in not_in': '[String!]' }),
  entryDate: ops({ 'eq gt gte lt lte': 'DateTime', 'between not_between': '[DateTime!]' }),
  entryIdentity: ops({ 'eq not': 'ID', 'in not_in': '[ID!]' }),
  number: ops({
    'eq not lt lte gt gte': 'Number',
    'in not_in': '[Number]',
    'between not_between': '[Number!]',
  }),
  dateTime: ops({ 'eq not lt lte gt gte': 'DateTime', 'in not_in': '[DateTime]' }),
} as const;

export type OperandType =
  | 'ID'
  | '[ID!]'
  | 'String'
  | '[String]'
  | '[String!]'
  | 'DateTime'
  | '[DateTime]'
  | '[DateTime!]'
  | 'Number'
  | '[Number]'
  | '[Number!]';

function ops(
  spec: Readonly<Record<string, OperandType>>,
): readonly (readonly [Operator, OperandType])[] {
  return Object.entries(spec).flatMap(([operators, type]) =>
    operators.split(' ').map((operator) => [operator as Operator, type] as const),
  );
}

/** The keys of a `where` input over these fields. */
export interface WhereKey<Row> {
  readonly name: string;
  readonly field: string;
  readonly operator: Operator;
  readonly type: OperandType;
  readonly of: Field<Row>['of'];
  readonly constant: boolean;
}
export const whereKeys = <Row>(fields: Fields<Row>): readonly WhereKey<Row>[] =>
  Object.entries(fields).flatMap(([field, { kind, of, constant = false }]) =>
    OPERATORS_OF[kind].map(([operator, type]) => ({
      name: operator === 'eq' ? field : `${field}_${operator}`,
      field,
      operator,
      type,
      of,
      constant,
    })),
  );

/** When and by whom an entry was made, as far as that can happen to a run. */
interface EntryFacts<Row> {
  readonly id: (row: Row) => string;
  readonly createdOn: (row: Row) => Date;
  readonly modifiedOn: (row: Row) => Date | null;
  readonly savedOn: (row: Row) => Date;
  readonly createdBy: (row: Row) => string;
}

function entryFields<Row>({
  id,
  createdOn,
  modifiedOn,
  savedOn,
  createdBy,
}: EntryFacts<Row>): Fields<Row> {
  const dates: Readonly<Record<string, Field<Row>['of'] | null>> = {
    created: (row) => toMillis(createdOn(row)),
    modified: (row) => toMillis(modifiedOn(row)),
    saved: (row) => toMillis(savedOn(row)),
    deleted: null,
    restored: null,
    firstPublished: null,
    lastPublished: null,
  };
  const identities: Readonly<Record<string, Field<Row>['of'] | null>> = {
    ...Object.fromEntries(Object.keys(dates).map((name) => [name, null])),
    created: createdBy,
    saved: createdBy,
  };
  const facts = (
    suffix: string,
    kind: Kind,
    of: Readonly<Record<string, Field<Row>['of'] | null>>,
  ): Fields<Row> =>
    Object.fromEntries(
      ['', 'revision'].flatMap((prefix) =>
        Object.entries(of).map(([name, value]) => [
          prefix === '' ? name + suffix : prefix + capitalised(name) + suffix,
          value ? { kind, of: value } : { kind, of: () => null, constant: true as const },
        ]),
      ),
    );
  return {
    id: { kind: 'id', of: id },
    entryId: { kind: 'entryId', of: id },
    ...facts('On', 'entryDate', dates),
    ...facts('By', 'entryIdentity', identities),
    // A run's own status is another field: entries of runs are never published.
    status: { kind: 'entryStatus', of: () => 'draft', constant: true },
  };
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const toMillis = (date: Date | null): number | null => date?.getTime() ?? null;

const OWN_TASK_FIELDS: Fields<TaskRun> = {
  name: { kind: 'text', of: ({ name }) => name },
  definitionId: { kind: 'text', of: ({ definition }) => definition },
  parentId: { kind: 'text', of: ({ parent }) => parent },
  executionName: { kind: 'text', of: executionNameOf },
  taskStatus: { kind: 'text', of: ({ status }) => WORDS[status] },
  iterations: { kind: 'number', of: iterationsOf },
  startedOn: { kind: 'dateTime', of: ({ startedAt }) => toMillis(startedAt) },
  finishedOn: { kind: 'dateTime', of: ({ finishedAt }) => toMillis(finishedAt) },
};
export const TASK_FIELDS: Fields<TaskRun> = {
  ...entryFields<TaskRun>({
    id: ({ id }) => id,
    createdOn: ({ createdAt }) => createdAt,
    modifiedOn: changedOn,
    savedOn,
    createdBy: (run) => identityOf(run).id,
  }),
  ...OWN_TASK_FIELDS,
};

const OWN_LOG_FIELDS: Fields<LogRecord> = {
  executionName: { kind: 'text', of: ({ run }) => executionNameOf(run) },
  task: { kind: 'text', of: ({ run }) => run.id },
  iteration: { kind: 'number', of: ({ iteration }) => iteration },
};
export const LOG_FIELDS: Fields<LogRecord> = {
  ...entryFields<LogRecord>({
    id: ({ id }) => id,
    createdOn: ({ createdOn }) => createdOn,
    modifiedOn: ({ lines }) => lines.at(-1)?.time ?? null,
    savedOn: ({ lines, createdOn }) => lines.at(-1)?.time ?? createdOn,
    createdBy: ({ run }) => identityOf(run).id,
  }),
  ...OWN_LOG_FIELDS,
};

export const ITEM_FIELDS: Fields<LogLine> = {
  message: { kind: 'text', of: ({ message }) => message },
  createdOn: { kind: 'dateTime', of: ({ time }) => time.getTime() },
  type: { kind: 'text', of: typeOf },
};

/** Values of a sorter: entry facts first, then a model's own fields in the spellings of both releases. */
export function sorters<Row>(fields: Fields<Row>): readonly string[] {
  const entry = Object.entries(fields)
    .filter(([name, { kind }]) => name === 'id' || kind === 'entryDate')
    .map(([name]) => name);
  const own = Object.keys(fields).filter(
    (name) => name in OWN_TASK_FIELDS || name in OWN_LOG_FIELDS,
  );
  return [...entry, ...own, ...own.map((name) => `values_${name}`)].flatMap((name) => [
    `${name}_ASC`,
    `${name}_DESC`,
  ]);
}
